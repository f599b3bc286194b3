"""Machine time that is taken: the one table in which nothing may overlap."""
