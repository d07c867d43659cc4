"""Register access with Django."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The app of stores, staff, API keys and the audit log."""

    name = "regulars.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
