"""Register ingest with Django."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The app of sources, deliveries, parked rows and file imports."""

    name = "regulars.ingest"
    label = "ingest"
    default_auto_field = "django.db.models.BigAutoField"
