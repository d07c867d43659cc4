"""Changes of the tables of commerce."""
