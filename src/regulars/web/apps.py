"""Register the plumbing with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The app of the installation row, idempotency rows and rate windows."""

    name = "regulars.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
