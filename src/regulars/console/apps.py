"""Tell Django that the console is here."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The staff pages."""

    name = "regulars.console"
    label = "console"
