"""What a person may ask for: say a word on consent, take a copy of the data, be erased."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.commerce import selectors as commerce
from regulars.console.domain import copies, formatting, wording
from regulars.console.forms.members import ConsentForm, CopyForm, EraseForm
from regulars.console.pages.acting import Deed, Plan, Said, Scene, approval_href, open_scene, run
from regulars.console.pages.confirming import Act, Impact
from regulars.console.pages.drawing import actor_of, draw
from regulars.console.services import acting
from regulars.console.services import copies as copying
from regulars.ledger import selectors as ledger
from regulars.members import services as members
from regulars.members.domain import Consent, MemberErased, Status
from regulars.web import clock
from regulars.web.pages import page

METHODS = ["GET", "HEAD", "POST"]


@page("consents.write")
@require_http_methods(METHODS)
def consent(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write down what the member agrees to or withdraws; every word stays as proof."""
    scene = open_scene(request, public_id, "consents.write")
    newest = max(scene.profile.consents, key=lambda each: each.at, default=None)
    form = ConsentForm(
        request.POST or None, initial={"policy_version": newest.policy_version if newest else ""}
    )
    deed = Deed(
        title=gettext("Record consent of %(name)s") % {"name": scene.name},
        purpose=gettext("Withdrawing is as easy as agreeing. The newest word stands."),
        form=form,
        plan=lambda said: _consent_plan(scene, said),
        do=lambda said, *_: {
            "given": said["word"] == "given",
            "fresh": acting.record_consent(
                member_id=scene.member_id,
                public_id=scene.public_id,
                consent=_consent(scene, said),
                at=scene.at,
                actor=scene.actor,
            ),
        },
        told=lambda result: (
            gettext("Consent recorded:") if result["given"] else gettext("Withdrawal recorded:")
        ),
        to=scene.href("privacy"),
    )
    return run(scene, deed)


def _consent(scene: Scene, said: Said) -> Consent:
    return Consent(
        purpose=said["purpose"],
        policy_version=said["policy_version"],
        granted=said["word"] == "given",
        at=scene.at,
        channel=said["channel"],
    )


def _consent_plan(scene: Scene, said: Said) -> Plan:
    _check_living(scene)
    stands = next(
        (
            each
            for each in scene.profile.consents
            if (each.purpose, each.channel) == (said["purpose"], said["channel"])
        ),
        None,
    )
    words = {True: gettext("agreed"), False: gettext("withdrawn")}
    given = said["word"] == "given"
    purpose = gettext(wording.PURPOSES[said["purpose"]])
    through = gettext(wording.channel(said["channel"])) if said["channel"] else ""
    label = f"{purpose} · {through}" if through else purpose
    before = words[stands.granted] if stands else gettext("nothing said")
    version = stands.policy_version if stands else formatting.MISSING
    lines = (
        Impact(label, before, words[given], "" if given else "warn"),
        Impact(gettext("Policy version"), version, said["policy_version"]),
        Impact(
            gettext("Can it be taken back?"), after=gettext("yes, by the opposite word; both stay")
        ),
    )
    verb = gettext("Record consent") if given else gettext("Record withdrawal")
    return Plan(Act(gettext("Record consent of %(name)s") % {"name": scene.name}, verb), lines)


@page("members.export", step_up=True)
@require_http_methods(METHODS)
def copy(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make a copy of the member's data, for the person; it can be fetched for a day."""
    scene = open_scene(request, public_id, "members.export")
    deed = Deed(
        title=gettext("Make a data copy of %(name)s") % {"name": scene.name},
        purpose=gettext("Everything held about this person, uncovered, for them and nobody else."),
        form=CopyForm(request.POST or None),
        plan=lambda said: _copy_plan(scene, said),
        do=lambda said, *_: {
            "ticket": copying.ask_copy(
                public_id=scene.public_id,
                reason_code=said["reason"],
                actor=scene.actor,
                at=scene.at,
            )
        },
        told=lambda _: gettext("The copy is ready:"),
        to=scene.href("privacy"),
        leads=lambda result: _fetch_href(scene.public_id, result["ticket"]),
    )
    return run(scene, deed)


def _fetch_href(public_id: UUID, ticket: str, form: str = "") -> str:
    if form:
        return reverse("console-member-copy-file", args=[public_id, ticket, form])
    return reverse("console-member-copy-ready", args=[public_id, ticket])


def _copy_plan(scene: Scene, said: Said) -> Plan:
    _check_living(scene)
    profile = scene.profile
    orders = commerce.count_orders(member_id=scene.member_id)
    lines = (
        Impact(gettext("Reason"), after=gettext(wording.COPY_REASONS[said["reason"]])),
        Impact(gettext("Profile fields"), after=formatting.whole(len(profile.profile))),
        Impact(gettext("Identities"), after=formatting.whole(len(profile.identities))),
        Impact(gettext("Tags"), after=formatting.whole(len(profile.tags))),
        Impact(gettext("Orders"), after=formatting.whole(orders)),
        Impact(gettext("Points and growth"), after=gettext("every movement")),
        Impact(gettext("Files"), after="JSON, CSV"),
        Impact(gettext("Can be fetched"), after=gettext("for 24 hours, by you alone")),
        Impact(gettext("On the record"), after=gettext("asking and every download")),
    )
    act = Act(
        gettext("Make a data copy of %(name)s") % {"name": scene.name},
        gettext("Make 1 data copy"),
    )
    return Plan(act, lines)


@page("members.export")
@require_safe
def copy_ready(request: HttpRequest, public_id: UUID, ticket: str) -> HttpResponse:
    """Offer the two files of a copy, and say until when."""
    scene = open_scene(request, public_id, "members.export")
    found = copying.read_ticket(ticket, actor=scene.actor, at=scene.at)
    _check_same(scene, found)
    context = {
        "crumbs": scene.crumbs,
        "name": scene.name,
        "ends_at": found.ends_at,
        "json_href": _fetch_href(public_id, ticket, "json"),
        "csv_href": _fetch_href(public_id, ticket, "csv"),
        "back_href": scene.href("privacy"),
    }
    return draw(request, "console/member_copy.html", context, zone=scene.programme.tz)


@page("members.export", step_up=True)
@require_safe
def copy_file(request: HttpRequest, public_id: UUID, ticket: str, form: str) -> HttpResponse:
    """Hand out one file of a copy; who fetched it is on the record."""
    at, actor = clock.met(request), actor_of(request)
    if form not in copies.FORMS:
        raise copies.CopyExpired
    scene = open_scene(request, public_id, "members.export")
    found = copying.read_ticket(ticket, actor=actor, at=at)
    _check_same(scene, found)
    export = copying.open_copy(
        member_id=scene.member_id,
        ticket=found,
        scope=actor.scope_for("members.export"),
        actor=actor,
        at=at,
    )
    body = (
        json.dumps(export.as_dict(), ensure_ascii=False, indent=1)
        if form == "json"
        else "\ufeff" + export.as_csv()
    )
    response = HttpResponse(body.encode(), content_type=copies.FORMS[form])
    name = f"member-{export.number}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@page("members.erase", step_up=True)
@require_http_methods(METHODS)
def erase(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Erase a person: everything that names them goes for good; the record of money stays."""
    scene = open_scene(request, public_id, "members.erase")
    number = scene.profile.member.number
    deed = Deed(
        title=gettext("Erase %(name)s") % {"name": scene.name},
        purpose=gettext("Everything that names this person is destroyed, in every record."),
        form=EraseForm(request.POST or None),
        plan=lambda said: _erase_plan(scene, said),
        do=lambda said, *_: _erase(scene, said),
        told=_erased,
        to=scene.href(),
        confirm=number,
        called=number,
        leads=lambda result: (
            approval_href(result["approval"], otherwise=scene.href())
            if "approval" in result
            else scene.href()
        ),
    )
    return run(scene, deed)


def _erase_plan(scene: Scene, said: Said) -> Plan:
    _check_living(scene)
    profile, whole = scene.profile, formatting.whole
    balance = ledger.get_balance(member_id=scene.member_id, at=scene.at)
    orders = commerce.count_orders(member_id=scene.member_id)
    gone, nought = gettext("destroyed"), whole(0)
    lines = [
        Impact(gettext("Reason"), after=gettext(wording.ERASE_REASONS[said["reason"]])),
        Impact(gettext("Records"), whole(len(profile.aliases)), gone, "bad"),
        Impact(gettext("Profile fields"), whole(len(profile.profile)), nought, "bad"),
        Impact(gettext("Identities"), whole(len(profile.identities)), nought, "bad"),
        Impact(gettext("Tags"), whole(len(profile.tags)), nought, "bad"),
        Impact(gettext("Points, closed with the account"), whole(balance.posted), nought, "bad"),
    ]
    if balance.owed:
        lines.append(Impact(gettext("Points owed, dropped"), whole(balance.owed), nought))
    lines += [
        Impact(gettext("Orders"), whole(orders), gettext("kept, naming nobody")),
        Impact(gettext("Consents"), after=gettext("kept as proof, naming nobody")),
        Impact(gettext("Comes back"), after=gettext("only with a new consent")),
    ]
    act = Act(
        gettext("Erase %(name)s") % {"name": scene.name},
        gettext("Erase this person for good"),
        danger=True,
        irreversible=True,
        type_to_confirm=profile.member.number,
    )
    asks = members.erasure_needs_second_person(actor=scene.actor, at=scene.at)
    second = gettext("A second person decides in the approvals inbox.")
    return Plan(act, tuple(lines), second if asks else None)


def _erase(scene: Scene, said: Said) -> dict[str, Any]:
    approval = members.erase_or_propose(
        member_id=scene.member_id, reason_code=said["reason"], actor=scene.actor, at=scene.at
    )
    return {"approval": str(approval.public_id)} if approval is not None else {}


def _erased(result: dict[str, Any]) -> str:
    if "approval" in result:
        return gettext("Erasure proposed; a second person decides:")
    return gettext("Erased:")


def _check_same(scene: Scene, ticket: copies.Ticket) -> None:
    if ticket.public_id != str(scene.public_id):
        raise copies.CopyExpired


def _check_living(scene: Scene) -> None:
    if scene.profile.member.status is Status.ERASED:
        raise MemberErased(member_id=scene.member_id)


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>/consent", consent, name="console-member-consent"),
    path("console/members/<uuid:public_id>/copy", copy, name="console-member-copy"),
    path(
        "console/members/<uuid:public_id>/copy/<str:ticket>",
        copy_ready,
        name="console-member-copy-ready",
    ),
    path(
        "console/members/<uuid:public_id>/copy/<str:ticket>/<slug:form>",
        copy_file,
        name="console-member-copy-file",
    ),
    path("console/members/<uuid:public_id>/erase", erase, name="console-member-erase"),
)
