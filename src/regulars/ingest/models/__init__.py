"""The tables of ingest: sources, deliveries, parked rows, and the imports of files."""

from regulars.ingest.models.deliveries import Delivery, DeliveryMember
from regulars.ingest.models.files import (
    Batch,
    BatchError,
    BatchErrorName,
    HeaderMapping,
    StagedChunk,
    Upload,
)
from regulars.ingest.models.parked import Parked
from regulars.ingest.models.sources import Source, SourceHealth, SourceSecret

__all__ = [
    "Batch",
    "BatchError",
    "BatchErrorName",
    "Delivery",
    "DeliveryMember",
    "HeaderMapping",
    "Parked",
    "Source",
    "SourceHealth",
    "SourceSecret",
    "StagedChunk",
    "Upload",
]
