-- CRC-32 of id and names, so that no series passes for another; `migration.py` fills it in.
ALTER TABLE series ADD COLUMN checksum INTEGER;
