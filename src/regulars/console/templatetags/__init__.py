"""Tags and filters of the console's templates: the shell, and how values are written."""
