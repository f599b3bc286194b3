-- Events of machines; the condition's columns are NULL for an event that tells of none.
CREATE TABLE event (
    id             INTEGER PRIMARY KEY,
    site           TEXT NOT NULL,
    machine        TEXT NOT NULL,
    event_id       TEXT NOT NULL,
    time_ns        INTEGER NOT NULL,
    received_ns    INTEGER,
    type_name      TEXT NOT NULL,
    source_name    TEXT NOT NULL,
    severity       INTEGER NOT NULL,
    message        TEXT NOT NULL,
    condition_id   TEXT,
    condition_name TEXT,
    active         INTEGER,
    acknowledged   INTEGER,
    confirmed      INTEGER,
    retain         INTEGER
) STRICT;

CREATE UNIQUE INDEX event_identity ON event (time_ns, site, machine, event_id);
CREATE INDEX event_of_machine ON event (machine, time_ns);
