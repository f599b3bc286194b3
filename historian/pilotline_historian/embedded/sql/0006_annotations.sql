-- Notes of people; the last two columns are NULL while a note counts.
CREATE TABLE annotation (
    id           INTEGER PRIMARY KEY,
    note         TEXT NOT NULL UNIQUE,
    site         TEXT NOT NULL,
    machine      TEXT NOT NULL,
    tag          TEXT,
    start_ns     INTEGER NOT NULL,
    end_ns       INTEGER NOT NULL,
    text         TEXT NOT NULL,
    author       TEXT NOT NULL,
    written_ns   INTEGER NOT NULL,
    withdrawn_by TEXT,
    withdrawn_ns INTEGER
) STRICT;

CREATE INDEX annotation_of_machine ON annotation (machine, start_ns);
CREATE INDEX annotation_by_end ON annotation (end_ns);
