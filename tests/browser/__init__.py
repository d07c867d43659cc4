"""The console in a real browser: one walk through every page, in both languages and themes."""
