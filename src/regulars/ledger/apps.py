"""Names the ledger to Django."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The points ledger."""

    name = "regulars.ledger"
    label = "ledger"
