-- Open pages are columns, no longer records, and the newest sample of each series is in a page of
-- its lane. The pages and rows of before are taken over by `migration.py`, which then drops `latest`.
CREATE TABLE newest (
    lane    INTEGER PRIMARY KEY,
    records BLOB NOT NULL,
    texts   BLOB NOT NULL
) STRICT;
