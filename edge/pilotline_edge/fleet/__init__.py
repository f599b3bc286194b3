"""Fleet: the machines that an agent reads, and how they change with the plant file."""
