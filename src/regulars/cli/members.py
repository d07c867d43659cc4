"""`regulars member`: show, merge, unmerge, export and erase one member.

Whoever runs this has the machine; looks are still written to the audit log, and what is shown is
masked. A member is named by public id or member number, or found by phone or card.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import orjson
from rich.console import Console
from rich.table import Table

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.cli import emit
from regulars.commerce import selectors as commerce
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors, services
from regulars.members.domain import (
    Identity,
    IdentityKind,
    MemberNotFound,
    MergeNotFound,
    Profile,
    is_member_number,
)
from regulars.web import clock

_OPERATOR = replace(Actor.system(), name="command line")
_EVERYWHERE = Scope.all()
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_reason = click.option(
    "--reason", "reason_code", default="member_request", help="Why: a code, kept in the audit log."
)


@click.group(name="member")
def member() -> None:
    """Show, merge, export or erase a member."""


@member.command(name="show")
@click.option("--phone", help="The member's phone number.")
@click.option("--card", help="A card number of the member.")
@click.option("--id", "named", help="The public id or the member number.")
@_as_json
def show(phone: str | None, card: str | None, named: str | None, as_json: bool) -> None:
    """Show a member: masked profile, tier, points with lots, growth, orders, identities."""
    asked = [
        (kind, value) for kind, value in (("phone", phone), ("card", card), ("id", named)) if value
    ]
    if len(asked) != 1:
        raise click.UsageError("Name exactly one of --phone, --card, --id.")
    at = clock.now()
    ((kind, value),) = asked
    member_id = _named(value) if kind == "id" else _held(IdentityKind(kind), value)
    profile = selectors.get_profile(member_id=member_id, scope=_EVERYWHERE, at=at)
    access.audit(
        actor=_OPERATOR,
        action="members.lookup",
        object_kind="member",
        object_id=str(profile.member.public_id),
        at=at,
        details={"by": kind},
    )
    told = _told(profile, at)
    emit(as_json, told, lambda console: _draw(console, told, profile))


@member.command(name="merge")
@click.argument("winner")
@click.argument("loser")
@_reason
@_as_json
def merge(winner: str, loser: str, reason_code: str, as_json: bool) -> None:
    """Let WINNER stand for LOSER, with identities, points, tier and orders."""
    winner_id, loser_id = _named(winner), _very(loser)
    merged = services.merge(
        winner_id=winner_id,
        loser_id=loser_id,
        at=clock.now(),
        actor=_OPERATOR,
        reason_code=reason_code,
    )
    public = selectors.public_ids(member_ids=[merged.winner_id, merged.loser_id])
    told = {"winner": public[merged.winner_id], "loser": public[merged.loser_id]}
    emit(as_json, told, lambda console: console.print(f"{winner} stands for {loser} now."))


@member.command(name="unmerge")
@click.argument("loser")
@_reason
@_as_json
def unmerge(loser: str, reason_code: str, as_json: bool) -> None:
    """Undo the merge that LOSER lost: it stands for itself again."""
    loser_id = _very(loser)
    standing = [
        one
        for one in selectors.list_merges(member_id=loser_id)
        if one.loser_id == loser_id and one.undone_at is None
    ]
    if not standing:
        raise MergeNotFound
    undone = services.unmerge(
        merge_id=standing[0].id, at=clock.now(), actor=_OPERATOR, reason_code=reason_code
    )
    public = selectors.public_ids(member_ids=[undone.winner_id, undone.loser_id])
    told = {"winner": public[undone.winner_id], "loser": public[undone.loser_id]}
    emit(as_json, told, lambda console: console.print(f"{loser} stands for itself again."))


@member.command(name="export")
@click.argument("named", metavar="MEMBER")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of JSON.")
@_reason
@_as_json
def export(named: str, output: Path | None, as_csv: bool, reason_code: str, as_json: bool) -> None:
    """Export everything personal held about MEMBER, for reading and for taking along."""
    if as_json and (as_csv or output):
        raise click.UsageError("--json prints the export itself; leave --csv and --output away.")
    whole = services.export(
        member_id=_named(named),
        scope=_EVERYWHERE,
        reason_code=reason_code,
        at=clock.now(),
        actor=_OPERATOR,
    )
    text = (
        whole.as_csv()
        if as_csv
        else orjson.dumps(whole.as_dict(), option=orjson.OPT_INDENT_2).decode()
    )
    if output:
        output.write_text(text, encoding="utf-8-sig" if as_csv else "utf-8")
        output.chmod(0o600)
        click.echo(f"Written to {output}.")
        return
    emit(as_json, whole.as_dict(), lambda console: console.print(text, markup=False))


@member.command(name="erase")
@click.argument("named", metavar="MEMBER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_reason
@_as_json
def erase(named: str, yes: bool, reason_code: str, as_json: bool) -> None:
    """Erase the person behind MEMBER for good; the record of money stays, naming nobody."""
    member_id = _named(named)
    if not yes:
        click.confirm("This cannot be undone. Erase this person?", abort=True, err=True)
    erased = services.erase(
        member_id=member_id, at=clock.now(), actor=_OPERATOR, reason_code=reason_code
    )
    public = selectors.public_ids(member_ids=erased)
    told = {"erased": [public[each] for each in erased]}
    emit(as_json, told, lambda console: console.print(f"Erased, {len(erased)} records."))


def _named(text: str) -> int:
    """Find who stands for a public id or member number; raises MemberNotFound."""
    very = _very(text)
    return selectors.survivors(member_ids=[very])[very]


def _very(text: str) -> int:
    """Find the very member a public id or member number was given to."""
    found: int | None = None
    if is_member_number(text):
        found = selectors.find_very_number(number=text)
    else:
        try:
            found = selectors.find_by_public(public_id=UUID(text))
        except ValueError:
            found = None
    if found is None:
        raise MemberNotFound
    return found


def _held(kind: IdentityKind, value: str) -> int:
    (found,) = selectors.find_by_identities(identities=[Identity(kind, value)])
    if found is None:
        raise MemberNotFound
    return found


def _told(profile: Profile, at: datetime) -> dict[str, Any]:
    member_id = profile.member.id
    balance = ledger.get_balance(member_id=member_id, at=at)
    lots = ledger.list_lots(member_id=member_id, at=at)
    return {
        "id": profile.member.public_id,
        "member_number": profile.member.number,
        "profile": profile.profile,
        "tier": loyalty.tier_of(member_ids=[member_id])[member_id].code,
        "points": {
            "available": balance.available,
            "pending": balance.pending,
            "owed": balance.owed,
            "lots": [
                {
                    "granted": lot.granted,
                    "remaining": lot.remaining,
                    "usable_from": lot.usable_from,
                    "expires_at": lot.expires_at,
                }
                for lot in lots
            ],
        },
        "growth": balance.growth,
        "orders": commerce.count_orders(member_id=member_id),
        "identities": [
            {"kind": one.kind, "issuer": one.issuer, "value": one.value}
            for one in profile.identities
        ],
    }


def _draw(console: Console, told: dict[str, Any], profile: Profile) -> None:
    points = told["points"]
    console.print(f"{told['member_number']}  {profile.member.status}  {told['id']}")
    for field, value in told["profile"].items():
        console.print(f"  {field}: {value}", markup=False)
    console.print(f"Tier {told['tier']}, growth {told['growth']}, orders {told['orders']}")
    console.print(
        f"Points {points['available']} available, {points['pending']} pending,"
        f" {points['owed']} owed"
    )
    table = Table("Granted", "Remaining", "Usable from", "Expires")
    for lot in points["lots"]:
        table.add_row(*(str(value if value is not None else "") for value in lot.values()))
    console.print(table)
    for one in told["identities"]:
        issuer = f" ({one['issuer']})" if one["issuer"] else ""
        console.print(f"  {one['kind']}{issuer}: {one['value']}", markup=False)
