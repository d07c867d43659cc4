"""`regulars sources` and `regulars dead-letters`: where facts come from, and what got stuck.

A webhook's secret is printed once, when it is made; the database keeps it sealed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click
from django.conf import settings
from rich.console import Console
from rich.table import Table

from regulars.access.domain import Actor
from regulars.cli import FINDINGS, emit, environment
from regulars.events import consumers
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.selectors import DeadLetter
from regulars.ingest import selectors, services
from regulars.ingest.domain import SourceKind, SourceState
from regulars.ingest.services import Replayed
from regulars.web import clock

_OPERATOR = replace(Actor.system(), name="command line")
_LETTERS_MAX = 10_000
_HAPPY = frozenset({"applied", "exists", "parked", "queued"})


@click.group(name="sources")
def sources() -> None:
    """Name the systems that send facts: files, webhooks, callers of the API."""


@sources.command(name="create")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in SourceKind]),
    required=True,
    help="How it sends.",
)
@click.option("--zone", help="Its time zone, for times without offset. Default: the shop's.")
@click.option("--currency", help="Its currency, for amounts without one. Default: the shop's.")
@click.option("--no-completion", is_flag=True, help="It never reports that an order is completed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_source(
    name: str,
    kind: str,
    zone: str | None,
    currency: str | None,
    no_completion: bool,
    as_json: bool,
) -> None:
    """Create a source; a webhook's address and secret are printed, the secret this once.

    With --no-completion, points wait from payment instead of completion.
    """
    made = services.create_source(
        name=name,
        kind=SourceKind(kind),
        zone=zone,
        currency=currency,
        reports_completion=not no_completion,
        actor=_OPERATOR,
        at=clock.now(),
    )
    path = f"/hooks/{made.source.public_id}" if made.secret else None
    address = _address(str(made.source.public_id)) if made.secret else None
    told = {
        "id": str(made.source.public_id),
        "name": made.source.name,
        "kind": made.source.kind.value,
        "zone": made.source.zone,
        "currency": made.source.currency,
        "reports_completion": made.source.reports_completion,
        "url": address,
        "path": path,
        "secret": made.secret,
    }

    def draw(console: Console) -> None:
        console.print(f"Created {made.source.name} ({made.source.kind.value}).", markup=False)
        if made.secret:
            console.print(f"Address: {address}", markup=False)
            console.print(f"Secret:  {made.secret}", markup=False)
            console.print("Keep the secret now: it is not shown again.", style="dim")

    emit(as_json, told, draw)


@sources.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_sources(as_json: bool) -> None:
    """List sources with their health: last seen, last error, counts of rows."""
    found = selectors.list_sources(at=clock.now())

    def draw(console: Console) -> None:
        table = Table("Name", "Kind", "Last seen", "Applied", "Parked", "Refused", "Last error")
        for state in found:
            counts = state.counts
            table.add_row(
                *(state.source.name, state.source.kind.value, str(state.seen_at or "")),
                *(str(counts["applied"]), str(counts["parked"])),
                *(str(counts["refused"] + counts["dead_letter"]), state.error_code),
            )
        console.print(table)

    emit(as_json, {"sources": [_source_told(state) for state in found]}, draw)


@sources.command(name="rotate")
@click.argument("name")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, 90),
    default=7,
    help="How long the old secret lives on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rotate_secret(name: str, overlap_days: int, as_json: bool) -> None:
    """Give a webhook source a new secret; the one before works until the overlap ends."""
    secret = services.rotate_secret(
        name=name, at=clock.now(), actor=_OPERATOR, overlap_days=overlap_days
    )
    emit(
        as_json,
        {"name": name, "secret": secret},
        lambda console: console.print(f"Secret: {secret}", markup=False),
    )


@click.group(name="dead-letters")
def dead_letters() -> None:
    """See what could not be applied, and say it again."""


@dead_letters.command(name="list")
@click.option("--code", help="Only those with this error code.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_letters(code: str | None, as_json: bool) -> None:
    """List open dead letters, oldest first; never what they hold."""
    found = log.list_dead_letters(error_code=code, limit=_LETTERS_MAX)

    def draw(console: Console) -> None:
        table = Table("Id", "Kind", "Why", "Since", "Attempts")
        for each in found:
            since = each.created_at.isoformat(timespec="minutes")
            table.add_row(str(each.id), each.kind, each.error_code, since, str(each.attempts))
        console.print(table)

    emit(as_json, {"dead_letters": [_letter_told(each) for each in found]}, draw)


@dead_letters.command(name="replay")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Replay all that are open.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay_letters(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Say dead letters again; those that are applied now are settled."""
    _need_one(ids, everything=everything)
    at = clock.now()
    asked = None if everything else list(ids)
    told = log.list_dead_letters(kind="event", ids=asked, limit=_LETTERS_MAX)
    known = {each.id for each in told}
    rows = None if asked is None else [each for each in asked if each not in known]
    done = services.replay_letters(ids=rows, at=at) if rows or everything else []
    done += [_replay_event(each) for each in told]
    _report(done, as_json)


@dead_letters.command(name="book-return")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Book all refunds whose order never came.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def book_return(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Book refunds whose order never came as returns without an order."""
    _need_one(ids, everything=everything)
    _report(services.book_letters(ids=None if everything else ids, at=clock.now()), as_json)


def _need_one(ids: Sequence[int], *, everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("Name dead letters by id, or say --all.")


def _replay_event(letter: DeadLetter) -> Replayed:
    following = {each.name: each for each in events.catalogue().deferred}
    consumer = following.get(letter.consumer)
    settled = consumer is not None and consumers.replay(
        letter_id=letter.id, consumer=consumer, at=clock.now()
    )
    return Replayed(letter.id, "applied" if settled else "dead_letter")


def _report(done: Sequence[Replayed], as_json: bool) -> None:
    counts: dict[str, int] = {}
    for each in done:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    results = [{"id": e.letter_id, "outcome": e.outcome, "code": e.code} for e in done]

    def draw(console: Console) -> None:
        for each in done:
            console.print(f"{each.letter_id}: {each.outcome} {each.code or ''}".rstrip())
        console.print(", ".join(f"{n} {word}" for word, n in counts.items()) or "Nothing waits.")

    emit(as_json, {"results": results, "counts": counts}, draw)
    if any(each.outcome not in _HAPPY for each in done):
        raise click.exceptions.Exit(FINDINGS)


def _address(public_id: str) -> str:
    base = settings.PUBLIC_URL or environment.known_address()
    return f"{base.rstrip('/')}/hooks/{public_id}"


def _source_told(state: SourceState) -> dict[str, Any]:
    source = state.source
    is_webhook = source.kind is SourceKind.WEBHOOK
    return {
        "id": str(source.public_id),
        "name": source.name,
        "kind": source.kind.value,
        "zone": source.zone,
        "currency": source.currency,
        "reports_completion": source.reports_completion,
        "url": _address(str(source.public_id)) if is_webhook else None,
        "secrets": [f"…{tail}" for tail in state.secrets],
        "seen_at": state.seen_at,
        "failed_at": state.failed_at,
        "error_code": state.error_code or None,
        "counts": state.counts,
    }


def _letter_told(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "kind": letter.kind,
        "code": letter.error_code,
        "facts": letter.error_facts,
        "attempts": letter.attempts,
        "created_at": letter.created_at,
        "batch": letter.batch_id,
    }
