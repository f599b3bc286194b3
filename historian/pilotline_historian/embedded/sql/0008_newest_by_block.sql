-- The newest sample of each series that was dealt, a page per block of 1,024 series (id divided by
-- that) instead of one per lane: a deal rewrites one page, not 64. `migration.py` takes over the
-- pages of before and then drops `newest`.
CREATE TABLE newest_page (
    block   INTEGER PRIMARY KEY,
    records BLOB NOT NULL,
    texts   BLOB NOT NULL
) STRICT;
