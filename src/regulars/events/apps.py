"""Register the event log with Django."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The app of the log, its cursors and its dead letters."""

    name = "regulars.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"
