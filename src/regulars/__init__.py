"""Regulars: member operations for shops that know their guests by name."""
