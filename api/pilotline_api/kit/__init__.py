"""What every noun folder shares: database, problems, pagination, events, middleware."""
