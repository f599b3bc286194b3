-- The name is new so that a process of an older release, still running while this file is brought up
-- to date, cannot write pages of its own form into it: it fails, and keeps its samples.
ALTER TABLE open_page RENAME TO page;
DROP INDEX open_page_of_lane;
CREATE INDEX page_of_lane ON page (lane, id, samples, text_bytes);
