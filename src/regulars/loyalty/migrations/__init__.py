"""Migrations of the loyalty app."""
