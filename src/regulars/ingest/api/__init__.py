"""Facts over HTTP: batches of rows with one answer per row, and the signed webhook."""

from regulars.ingest.api.batches import router
from regulars.ingest.api.webhooks import receive_webhook

__all__ = ["receive_webhook", "router"]
