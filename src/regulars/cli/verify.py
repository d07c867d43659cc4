"""`regulars verify`: prove that the books add up. Exit code 1 says that they do not.

Everything is asked of one snapshot; nothing is changed, the run is put on record. Repair is never
automatic: what is wrong is put right by inverse postings that people decide on.
"""

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from regulars.access import services as access
from regulars.cli import FINDINGS, emit, notes
from regulars.ledger import selectors as known
from regulars.ledger import services as ledger
from regulars.ledger.domain import Verdict, VerifyOrigin
from regulars.web import clock


@click.command(name="verify")
@click.option("--all", "everything", is_flag=True, help="Check everything (the default).")
@click.option("--since", type=int, help="Only accounts moved since this watermark.")
@click.option("--account", "accounts", type=int, multiple=True, help="Only this ledger account.")
@click.option("--member", "members", type=int, multiple=True, help="Only this member's accounts.")
@click.option("--audit", is_flag=True, help="Check the seals of the audit log instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    everything: bool,
    since: int | None,
    accounts: tuple[int, ...],
    members: tuple[int, ...],
    audit: bool,
    as_json: bool,
) -> None:
    """Prove that every balance, lot, hold and reversal adds up.

    A full run prints a watermark; `--since` it reads only what moved afterwards.
    """
    if everything and (since is not None or accounts or members):
        raise click.UsageError("--all goes with neither --since, --account nor --member.")
    if audit:
        _verify_audit(as_json=as_json)
        return
    if not as_json:
        notes().print("Reading one snapshot of the whole ledger …" if since is None else "…")
    if accounts or members:
        verdict = ledger.verify(
            since=since,
            account_ids=accounts or None,
            member_ids=members or None,
            extra=known.installed_checks(),
        )
    else:
        verdict = ledger.prove(origin=VerifyOrigin.COMMAND, at=clock.now(), since=since)
    emit(as_json, verdict.as_json(), lambda console: _draw(console, verdict))
    if not verdict.is_clean:
        raise click.exceptions.Exit(FINDINGS)


def _draw(console: Console, verdict: Verdict) -> None:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("check")
    for heading in ("looked at", "wrong", "ms"):
        table.add_column(heading, justify="right")
    table.add_column("where")
    for finding in verdict.findings:
        table.add_row(
            finding.check,
            f"{finding.scanned:,}",
            f"[red]{finding.bad:,}[/red]" if finding.bad else "0",
            f"{finding.milliseconds:,}",
            ", ".join(finding.ids),
        )
    console.print(table)
    if verdict.is_clean:
        console.print("Everything adds up.")
    else:
        console.print("[red]The ledger does not add up.[/red] Nothing was changed.")
    console.print(f"watermark {verdict.watermark}")


def _verify_audit(*, as_json: bool) -> None:
    check: Any = access.verify_audit(at=clock.now())
    payload = {name: getattr(check, name) for name in check.__slots__}
    is_clean = check.is_whole
    emit(
        as_json,
        {"ok": is_clean, "audit": payload},
        lambda console: console.print(", ".join(f"{k}: {v}" for k, v in payload.items())),
    )
    if not is_clean:
        raise click.exceptions.Exit(FINDINGS)
