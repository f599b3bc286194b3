-- How long samples and gaps are kept, at least; no row means for ever.
CREATE TABLE retention (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    keep_ns INTEGER NOT NULL CHECK (keep_ns > 0)
) STRICT;

CREATE INDEX chunk_by_end ON chunk (last_ns);
CREATE INDEX gap_by_end ON gap (end_ns);
