"""The tables of ingest: sources, deliveries, parked rows, and the imports of files."""

from regulars.ingest.models.deliveries import Delivery, DeliveryMember
from regulars.ingest.models.parked import Parked
from regulars.ingest.models.sources import Source, SourceHealth, SourceSecret

__all__ = [
    "Delivery",
    "DeliveryMember",
    "Parked",
    "Source",
    "SourceHealth",
    "SourceSecret",
]
