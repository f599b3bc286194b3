"""Plans: drafts, the published one, and the way from one to the next."""
