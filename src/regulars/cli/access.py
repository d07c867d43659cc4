"""`regulars staff` and `regulars keys`: who may operate, from the command line.

A password is read from standard input, never from an argument that others can see; a key is
printed once and kept nowhere.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from regulars.access import selectors, services
from regulars.access.domain import Actor, ApiKey, Staff, StaffNotFound
from regulars.access.domain import role_named as find_role
from regulars.cli import emit
from regulars.kit.masking import mask_email
from regulars.web import clock

OPERATOR = replace(Actor.system(), name="command line")
_LIST_MAX = 10_000


@click.group(name="staff")
def staff() -> None:
    """Create staff accounts and list them."""


@staff.command(name="create")
@click.option("--email", required=True, help="The address they sign in with.")
@click.option("--role", required=True, help="clerk, store_manager, operations, owner and so on.")
@click.option("--scope", help="all, own, store:CODE or region:CODE. Default: all.")
@click.option("--name", help="The name colleagues see. Default: what stands before the @.")
@click.option("--code", help="Their number as an associate, as orders and files call it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_staff(
    email: str,
    role: str,
    scope: str | None,
    name: str | None,
    code: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Create an account with one role in one scope.

    Without --password-stdin the account has no password; a one-time link that signs in is
    printed instead.
    """
    if scope is None and "all" not in find_role(role).scopes:
        widths = ", ".join(find_role(role).scopes)
        raise click.UsageError(f"The role {role} needs --scope: one of {widths}.")
    at = clock.now()
    made = services.create_staff(
        email=email,
        role=role,
        scope=scope or "all",
        password=_password() if password_stdin else None,
        name=name,
        code=code,
        actor=OPERATOR,
        at=at,
    )
    link = None if password_stdin else services.issue_sign_in_link(staff_id=made.id, at=at)
    told = {**staff_told(made), "sign_in_link": link}

    def draw(console: Console) -> None:
        console.print(f"Created {made.email}, {role}, {scope or 'all'}.")
        if link:
            console.print(f"One-time link: {link}")

    emit(as_json, told, draw)


@staff.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_staff(as_json: bool) -> None:
    """List accounts with their roles; addresses are masked."""
    found = selectors.list_staff(limit=_LIST_MAX)

    def draw(console: Console) -> None:
        table = Table("Name", "E-mail", "Roles", "Active", "Last sign-in")
        for each in found:
            roles = ", ".join(f"{grant.role} ({grant.scope})" for grant in each.grants)
            active, last = "yes" if each.is_active else "no", str(each.signed_in_at or "")
            table.add_row(each.name, mask_email(each.email), roles, active, last)
        console.print(table)

    emit(as_json, {"staff": [staff_told(each) for each in found]}, draw)


@staff.command(name="reset-factors")
@click.option("--email", required=True, help="The address of the account that is locked out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reset_factors(email: str, as_json: bool) -> None:
    """Remove all second factors of an account; its sessions end, the password stays.

    For an owner whom nobody else can help. Who may run this may reach the database anyway; the
    audit log says that it was done.
    """
    found = selectors.find_staff(email=email)
    if found is None:
        raise StaffNotFound
    gone = services.reset_factors(staff_id=found.id, actor=OPERATOR, at=clock.now())

    def draw(console: Console) -> None:
        console.print(f"Removed {gone} second factors of {found.email}.")

    emit(as_json, {"id": str(found.public_id), "factors": gone}, draw)


@click.group(name="keys")
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command(name="create")
@click.option("--scopes", required=True, help="Permissions joined by commas, or all.")
@click.option("--store", help="The code of the one store the key is for.")
@click.option("--name", default="", help="What the key is for, shown in lists and logs.")
@click.option("--days", type=click.IntRange(1, 365), default=365, help="How long it lives.")
@click.option("--network", multiple=True, help="Where it may be used from, as CIDR; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_key(
    scopes: str, store: str | None, name: str, days: int, network: tuple[str, ...], as_json: bool
) -> None:
    """Create a key and print it, this once."""
    at = clock.now()
    made = services.create_key(
        permissions=[word.strip() for word in scopes.split(",") if word.strip()],
        title=name,
        store=store,
        networks=network,
        expires_at=at + timedelta(days=days),
        actor=OPERATOR,
        at=at,
    )

    def draw(console: Console) -> None:
        console.print(made.text, markup=False)
        console.print("Keep it now: it is not shown again.", style="dim")

    emit(as_json, {"key": made.text, **_key_told(made.key)}, draw)


@keys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_keys(as_json: bool) -> None:
    """List keys, without their secrets."""
    found = selectors.list_keys(limit=_LIST_MAX)
    at = clock.now()

    def draw(console: Console) -> None:
        table = Table("Key", "Name", "Permissions", "State", "Last used")
        for each in found:
            state = "live" if each.is_live(at) else "revoked" if each.revoked_at else "over"
            last = str(each.last_used_at or "")
            table.add_row(each.name, each.title, str(len(each.permissions)), state, last)
        console.print(table)

    emit(as_json, {"keys": [_key_told(each) for each in found]}, draw)


@keys.command(name="revoke")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke_key(key: str, as_json: bool) -> None:
    """End a key, named by its eight characters; it is refused everywhere within five seconds."""
    ended = services.revoke_key(name=key, actor=OPERATOR, at=clock.now())
    emit(as_json, _key_told(ended), lambda console: console.print(f"Revoked {ended.name}."))


def _password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def staff_told(each: Staff) -> dict[str, Any]:
    return {
        "id": str(each.public_id),
        "email": mask_email(each.email),
        "name": each.name,
        "code": each.code,
        "active": each.is_active,
        "roles": [{"role": grant.role, "scope": grant.scope} for grant in each.grants],
        "signed_in_at": each.signed_in_at,
    }


def _key_told(each: ApiKey) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "scopes": sorted(each.permissions),
        "networks": list(each.networks),
        "created_at": each.created_at,
        "expires_at": each.expires_at,
        "revoked_at": each.revoked_at,
        "last_used_at": each.last_used_at,
    }
