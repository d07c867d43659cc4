"""Tests of earning and tiers."""
