"""Connection: from a machine's endpoint to a session that survives lost connections."""
