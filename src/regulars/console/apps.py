"""Tell Django that the console is here; it keeps no tables."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The staff pages."""

    name = "regulars.console"
    label = "console"
