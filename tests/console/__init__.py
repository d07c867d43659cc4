"""The console: how it looks, what its pages show and to whom."""
