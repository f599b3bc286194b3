"""A demo: organisations, logins with fresh passwords, and trial runs to plan."""
