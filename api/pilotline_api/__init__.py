"""The HTTP API and the pages: organisations, trial runs, plans, slots, live machines."""
