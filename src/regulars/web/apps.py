"""Register the plumbing with Django."""

import psycopg
from django.apps import AppConfig

from regulars.web.arrays import ArrayDumper


class WebConfig(AppConfig):
    """The app of the installation row, idempotency rows and rate windows."""

    name = "regulars.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Send arrays our way: a batch is mostly arrays."""
        psycopg.adapters.register_dumper(list, ArrayDumper)
