"""Changes of the tables of ingest."""
