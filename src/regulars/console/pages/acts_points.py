"""Correct a member's points by hand: within one's limit at once, above it with a second person."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from regulars.access.domain import Approval
from regulars.console.domain import formatting, previews, wording
from regulars.console.forms.members import AdjustForm
from regulars.console.pages.acting import Deed, Plan, Said, Scene, approval_href, open_scene, run
from regulars.console.pages.confirming import Act, Impact
from regulars.ledger import selectors as ledger
from regulars.ledger import services
from regulars.ledger.domain import AccountFrozen, Balance
from regulars.members.domain import MemberErased
from regulars.web import clock
from regulars.web.pages import page

PERMISSION = "points.adjust"


@page(PERMISSION, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def adjust(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give or take points, with a reason and a note; says first what it comes to."""
    scene = open_scene(request, public_id, PERMISSION)
    zone = scene.programme.tz
    ends = scene.programme.expires_at(scene.at) - timedelta(microseconds=1)
    form = AdjustForm(
        request.POST or None,
        today=scene.at.astimezone(zone).date(),
        initial={"expires_on": ends.astimezone(zone).date()},
    )
    deed = Deed(
        title=gettext("Adjust points of %(name)s") % {"name": scene.name},
        purpose=gettext("Corrects the balance by hand. It stands in the statement and the log."),
        form=form,
        plan=lambda said: _plan(scene, said),
        do=lambda said, act_id, _: _do(scene, said, act_id),
        told=_told,
        to=scene.href("points"),
        leads=lambda result: _leads(scene, result),
    )
    return run(scene, deed)


def end_of_day(on: date | None, zone: ZoneInfo) -> datetime | None:
    """Answer the moment after the last of a day."""
    return None if on is None else datetime.combine(on + timedelta(days=1), time(), zone)


def _plan(scene: Scene, said: Said) -> Plan:
    amount: int = said["amount"]
    _check_living(scene, amount)
    asks = services.needs_second_person(
        member_id=scene.member_id, amount=amount, actor=scene.actor, at=scene.at
    )
    at = clock.after_locks(scene.at)  # what came while we waited counts
    balance = ledger.get_balance(member_id=scene.member_id, at=at)
    taken = []
    if amount < 0:
        lots = ledger.list_lots(member_id=scene.member_id, at=at)
        taken = previews.taken_from(lots, amount=-amount, balance=balance, at=at)
    sign = formatting.signed(amount)
    act = Act(
        title=gettext("Adjust points of %(name)s by %(amount)s")
        % {"name": scene.name, "amount": sign},
        verb=(
            gettext("Propose %(amount)s points") if asks else gettext("Adjust by %(amount)s points")
        )
        % {"amount": sign},
        danger=amount < 0,
    )
    second = gettext("This is above your limit. A second person decides in the approvals inbox.")
    return Plan(act, _impacts(scene, said, balance, taken), second if asks else None)


def _impacts(
    scene: Scene, said: Said, balance: Balance, taken: list[previews.Taken]
) -> tuple[Impact, ...]:
    after = balance.adjusted(said["amount"])
    lines = [
        Impact(gettext("Member"), after=f"{scene.name} · {scene.profile.member.number}"),
        _line(gettext("Points available"), balance.available, after.available),
    ]
    if balance.owed:
        lines.append(_line(gettext("Points owed"), balance.owed, after.owed))
    zone = scene.programme.tz
    if said["amount"] > 0:
        holds = said["expires_on"]
        shown = formatting.day(holds, zone=zone) if holds else gettext("never expire")
        lines.append(Impact(gettext("Points given hold until"), after=shown))
    for lot in taken:
        label = gettext("Lots that never expire")
        if lot.expires_at:
            until = formatting.last_day(lot.expires_at, zone=zone)
            label = gettext("Lots that expire %(day)s") % {"day": until}
        lines.append(_line(label, lot.before, lot.before - lot.amount))
    reason = gettext(wording.ADJUST_REASONS[said["reason"]])
    lines.append(Impact(gettext("Reason"), after=reason, note=said["note"]))
    undo = gettext("by an adjustment the other way; both stand in the statement")
    return (*lines, Impact(gettext("Can it be taken back?"), after=undo))


def _line(label: str, before: int, after: int) -> Impact:
    tone = "bad" if after < before else ""
    return Impact(label, formatting.whole(before), formatting.whole(after), tone)


def _check_living(scene: Scene, amount: int) -> None:
    member = scene.profile.member
    if member.status == "erased":
        raise MemberErased(member_id=member.id)
    if member.status == "frozen" and amount < 0:
        raise AccountFrozen


def _do(scene: Scene, said: Said, act_id: UUID) -> dict[str, Any]:
    made = services.correct_points(
        transfer_id=act_id,
        member_id=scene.member_id,
        amount=said["amount"],
        reason_code=int(said["reason"]),
        actor=scene.actor,
        at=scene.at,
        expires_at=end_of_day(said["expires_on"], scene.programme.tz),
        note=said["note"] or None,
    )
    if isinstance(made, Approval):
        return {"approval": str(made.public_id), "amount": said["amount"]}
    return {"amount": said["amount"]}


def _told(result: dict[str, Any]) -> str:
    amount = formatting.signed(int(result["amount"]))
    if "approval" in result:
        return gettext("Proposed %(amount)s points; a second person decides:") % {"amount": amount}
    return gettext("Adjusted by %(amount)s points:") % {"amount": amount}


def _leads(scene: Scene, result: dict[str, Any]) -> str:
    if "approval" in result:
        return approval_href(result["approval"], otherwise=scene.href("points"))
    return scene.href("points")


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>/adjust", adjust, name="console-member-adjust"),
)
