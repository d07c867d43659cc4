"""`regulars demo`: make a believable brand as messy files, load it like a user's, serve it.

Started again on the same VAR it serves what is there. The sample data is removed with that folder.
"""

import json
import time
from datetime import datetime
from pathlib import Path

import click
from django.db import connections

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Scope, Staff
from regulars.cli import environment
from regulars.cli.serve import host_option, port_option, serve_everything
from regulars.demo import load, office
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import clock

DONE = "demo.json"


class HouseInUse(Refusal):
    """Sample data has a house of its own; it is not poured into one that people work in."""

    kind = Kind.CONFLICT
    reason = message(
        "There are stores here that the demo did not make. Give the demo a folder of its own, "
        "for example REGULARS_VAR=/somewhere."
    )


@click.command()
@host_option
@port_option
@click.option("--members", "count", default=load.PEOPLE, show_default=True, help="How many people.")
def demo(host: str, port: int, count: int) -> None:
    """Make the demo brand, load it and serve it; prints SIGN-IN and then READY."""
    folder = environment.var() / "demo"
    if not (folder / DONE).exists():
        _check_empty(folder)
        _make(folder, count)
    path = _sign_in_path()
    click.echo(f"SIGN-IN http://{host}:{port}{path}")
    _leave()
    raise SystemExit(
        serve_everything(host, port, lambda: click.echo(f"READY http://{host}:{port}"))
    )


def _check_empty(folder: Path) -> None:
    """Refuse a house the demo has not begun itself; raises HouseInUse."""
    if not folder.exists() and access_selectors.list_stores(Scope.all(), limit=1):
        raise HouseInUse


def _make(folder: Path, count: int) -> None:
    started = time.monotonic()
    at = clock.now()
    click.echo("Writing the exports of a tea-and-bakery chain ...")
    load.write_exports(folder, at=at, count=count)
    click.echo(f"Loading them from {folder} ...")
    load.load_exports(folder, at=at, say=click.echo)
    _owner(at)
    office.open_office(at=at, say=click.echo)
    seconds = round(time.monotonic() - started, 1)
    (folder / DONE).write_text(json.dumps({"seconds": seconds, "made_at": at.isoformat()}))
    click.echo(f"Loaded in {seconds:,.0f} seconds.")


def _sign_in_path() -> str:
    at = clock.now()
    return access.issue_sign_in_link(staff_id=_owner(at).id, at=at)


def _owner(at: datetime) -> Staff:
    """Answer the owner of the demo, made the first time."""
    return access_selectors.find_staff(email="owner@demo.example") or access.create_staff(
        email="owner@demo.example",
        role="owner",
        at=at,
        actor=Actor.system(),
        name="陈店长",
    )


def _leave() -> None:
    connections.close_all()
