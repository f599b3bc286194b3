-- Samples go to open pages first and are sealed into compressed chunks later.

CREATE TABLE series (
    id      INTEGER PRIMARY KEY,
    site    TEXT NOT NULL,
    machine TEXT NOT NULL,
    tag     TEXT NOT NULL,
    UNIQUE (site, machine, tag)
) STRICT;

-- The newest sample of each series; text only where kind says text.
CREATE TABLE latest (
    series_id      INTEGER PRIMARY KEY REFERENCES series (id),
    source_time_ns INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    bits           INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    server_time_ns INTEGER NOT NULL,
    text           TEXT
) STRICT;

-- Samples of one write whose series share a lane (series id modulo 64). A later page wins over an
-- earlier one and over every chunk.
CREATE TABLE open_page (
    id         INTEGER PRIMARY KEY,
    lane       INTEGER NOT NULL,
    samples    INTEGER NOT NULL,
    text_bytes INTEGER NOT NULL,
    records    BLOB NOT NULL,
    texts      BLOB NOT NULL
) STRICT;

CREATE INDEX open_page_of_lane ON open_page (lane, id, samples, text_bytes);

-- Sealed samples of one series; chunks of a series never overlap in time. Rollups are NULL where
-- they would not be at least four times smaller than what they summarise, or where values are text.
CREATE TABLE chunk (
    id        INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    first_ns  INTEGER NOT NULL,
    last_ns   INTEGER NOT NULL,
    samples   INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    summary   BLOB,
    hours     BLOB,
    minutes   BLOB,
    seconds   BLOB,
    UNIQUE (series_id, first_ns)
) STRICT;

-- Apart from the chunk, so that walking along chunks reads no samples.
CREATE TABLE chunk_columns (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id) ON DELETE CASCADE,
    payload  BLOB NOT NULL
) STRICT;

-- A gap without a tag is one of the whole machine.
CREATE TABLE gap (
    id       INTEGER PRIMARY KEY,
    site     TEXT NOT NULL,
    machine  TEXT NOT NULL,
    tag      TEXT,
    start_ns INTEGER NOT NULL,
    end_ns   INTEGER NOT NULL,
    cause    TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX gap_identity ON gap (site, machine, ifnull(tag, ''), start_ns, cause);
CREATE INDEX gap_of_machine ON gap (machine, start_ns);
