"""Link: reads one machine: connects, takes what it publishes, knows what is missing, heals."""
