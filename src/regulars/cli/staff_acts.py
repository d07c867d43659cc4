"""`regulars staff …`: change an account from the command line, as the system itself.

Who can run commands on the machine stands above every role; what they do is audited and waits for
nobody.
"""

from typing import Any

import click

from regulars.access import selectors, services
from regulars.access.domain import Staff, StaffNotFound
from regulars.cli import emit
from regulars.cli.access import OPERATOR, staff, staff_told
from regulars.web import clock

_EMAIL = click.option("--email", required=True, help="The address they sign in with.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@staff.command(name="link")
@_EMAIL
@_JSON
def issue_link(email: str, as_json: bool) -> None:
    """Print a one-time link that signs an account in."""
    found = _account(email)
    link = services.issue_sign_in_link(staff_id=found.id, at=clock.now())
    told = {**staff_told(found), "sign_in_link": link}
    emit(as_json, told, lambda console: console.print(f"One-time link: {link}", markup=False))


@staff.command(name="grant")
@_EMAIL
@click.option("--role", required=True, help="clerk, store_manager, operations, owner and so on.")
@click.option("--scope", default="all", help="all, own, store:CODE or region:CODE. Default: all.")
@_JSON
def grant_role(email: str, role: str, scope: str, as_json: bool) -> None:
    """Give an account one more role."""
    changed = services.grant_role(
        staff_id=_account(email).id, role=role, scope=scope, actor=OPERATOR, at=clock.now()
    )
    _emit(as_json, changed, f"Gave {role}, {scope}.")


@staff.command(name="revoke")
@_EMAIL
@click.option("--role", required=True, help="The role to take away.")
@click.option("--scope", default="all", help="The scope it was given in. Default: all.")
@_JSON
def revoke_role(email: str, role: str, scope: str, as_json: bool) -> None:
    """Take a role from an account."""
    changed = services.revoke_role(
        staff_id=_account(email).id, role=role, scope=scope, actor=OPERATOR, at=clock.now()
    )
    _emit(as_json, changed, f"Took {role}, {scope}.")


@staff.command(name="deactivate")
@_EMAIL
@_JSON
def deactivate_staff(email: str, as_json: bool) -> None:
    """Switch an account off; its sessions end at once."""
    found = _account(email)
    services.deactivate_staff(staff_id=found.id, actor=OPERATOR, at=clock.now())
    _emit(as_json, selectors.get_staff(staff_id=found.id), "Switched off.")


@staff.command(name="activate")
@_EMAIL
@_JSON
def activate_staff(email: str, as_json: bool) -> None:
    """Switch an account on again, with the roles it held."""
    found = _account(email)
    services.activate_staff(staff_id=found.id, actor=OPERATOR, at=clock.now())
    _emit(as_json, selectors.get_staff(staff_id=found.id), "Switched on.")


def _account(email: str) -> Staff:
    found = selectors.find_staff(email=email)
    if found is None:
        raise StaffNotFound
    return found


def _emit(as_json: bool, changed: Staff, words: str) -> None:
    told: dict[str, Any] = staff_told(changed)
    emit(as_json, told, lambda console: console.print(words, markup=False))
