"""Woken by queue or clock: write the files asked for, drop what is over, keep to retention."""

from uuid import UUID

from regulars.access.domain import Actor, Scope
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


@jobs.task("console.drop_packages", every="11 * * * *", lock="console.drop_packages")
def drop_packages() -> None:
    """Drop copies of people's data whose days are over."""
    services.drop_over_packages(at=clock.now())


@jobs.task("console.remind_of_requests", every="29 * * * *", lock="console.remind_of_requests")
def remind_of_requests() -> None:
    """Warn when half and when four fifths of the time for an answer are used."""
    services.remind_of_requests(at=clock.now())


@jobs.task("console.count_figures", every="*/5 * * * *", lock="console.count_figures")
def count_figures(period: str = "") -> None:
    """Count the figures of the home page that are due."""
    services.count_figures(period=period, at=clock.now())


@jobs.task("console.retain_nightly", every="17 * * * *", lock="console.retention")
def retain_nightly() -> None:
    """End what is over its limit, once a night of the programme's zone."""
    services.retain_nightly(at=clock.now())


@jobs.task("console.run_retention", lock="console.retention", attempts=2)
def run_retention(progress_id: str, staff_id: int) -> None:
    """End what is over its limit because somebody asked; that they may was checked then."""
    actor = Actor("staff", staff_id, "", frozenset(), Scope.all())
    services.run_asked(progress_id=UUID(progress_id), actor=actor)
