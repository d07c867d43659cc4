"""Earning and tiers: what an order is worth in points and growth, and which tier growth reaches."""
