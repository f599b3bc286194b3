"""Live feed: the newest value of each tag, pushed outward."""
