"""OPC UA → journal on disk → historian, and a live feed outward."""
