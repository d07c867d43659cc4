"""`regulars programme`: the settings by which points are given and taken, from the command line."""

from dataclasses import replace
from typing import Any

import click
from django.db import transaction
from rich.console import Console

from regulars.access.domain import Actor
from regulars.access.services import audit
from regulars.cli import emit
from regulars.ledger.domain import OwedPolicy
from regulars.loyalty import selectors, services
from regulars.loyalty.domain import Programme
from regulars.web import clock

_OPERATOR = replace(Actor.system(), name="command line")
_PENDING_DAYS_MAX = 3_650


@click.group(name="programme")
def programme() -> None:
    """Show and change how points wait, and what a refund does with points already spent."""


@programme.command(name="show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_programme(as_json: bool) -> None:
    """Show the settings in force."""
    _emit(as_json, _told(selectors.get_programme()))


@programme.command(name="configure")
@click.option(
    "--refund-policy",
    type=click.Choice([policy.value for policy in OwedPolicy]),
    help="What a refund does with points already spent: they are owed, forgiven, or it is blocked.",
)
@click.option(
    "--pending-days",
    type=click.IntRange(0, _PENDING_DAYS_MAX),
    help="How many days points wait before they can be spent.",
)
@click.option("--zone", help="The time zone whose days and years count, such as Asia/Shanghai.")
@click.option("--currency", help="The currency of amounts, such as CNY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def configure_programme(
    refund_policy: str | None,
    pending_days: int | None,
    zone: str | None,
    currency: str | None,
    as_json: bool,
) -> None:
    """Change settings; what is not given stays. Points already given keep their dates."""
    given = {
        "refund_policy": refund_policy,
        "pending_days": pending_days,
        "zone": zone,
        "currency": currency,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("Say what to change; see --help.")
    with transaction.atomic():
        before = _told(selectors.get_programme())
        changed = services.configure_programme(
            zone=zone,
            currency=currency,
            pending_days=pending_days,
            refund_policy=None if refund_policy is None else OwedPolicy(refund_policy),
        )
        audit(
            actor=_OPERATOR,
            action="programme.configured",
            object_kind="programme",
            object_id=str(changed.id),
            at=clock.now(),
            details=changes | {f"{name}_before": before[name] for name in changes},
        )
    _emit(as_json, _told(changed))


def _told(found: Programme) -> dict[str, Any]:
    return {
        "refund_policy": found.refund_policy.value,
        "pending_days": found.pending_days,
        "zone": found.zone,
        "currency": found.currency,
    }


def _emit(as_json: bool, told: dict[str, Any]) -> None:
    def draw(console: Console) -> None:
        console.print(f"Refunds of spent points: {told['refund_policy']}", markup=False)
        console.print(f"Days points wait:        {told['pending_days']}", markup=False)
        console.print(f"Time zone:               {told['zone']}", markup=False)
        console.print(f"Currency:                {told['currency']}", markup=False)

    emit(as_json, told, draw)
