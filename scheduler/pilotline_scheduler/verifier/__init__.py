"""Independent check of a plan against its problem."""
