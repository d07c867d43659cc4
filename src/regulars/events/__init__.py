"""The append-only log of everything that happened, and those who react to it."""
