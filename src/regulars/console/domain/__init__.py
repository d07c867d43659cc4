"""What the console decides without asking anyone: how values are written, how facts are told."""
