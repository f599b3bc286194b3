"""History: trends, machine states and gaps from the historian."""
