"""Woken by queue or clock: write the files that were asked for, drop those whose day is over."""

from uuid import UUID

from regulars.console import services
from regulars.web import clock, jobs


@jobs.task("console.write_export", lock="console.write_export")
def write_export(export_id: str) -> None:
    """Write the file of an export."""
    services.write_export(export_id=UUID(export_id), at=clock.now())


@jobs.task("console.drop_exports", every="7 * * * *", lock="console.drop_exports")
def drop_exports() -> None:
    """Drop files whose day is over."""
    services.drop_over_exports(at=clock.now())
