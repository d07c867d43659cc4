"""Colleagues: the list, one account with what it may do and why, and an invitation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import (
    ROLES,
    STRONG,
    Actor,
    Granted,
    Role,
    ScopeKind,
    Staff,
    effective_access,
)
from regulars.console.domain import formatting
from regulars.console.domain.auditing import ACTIONS
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Cell,
    Choice,
    Column,
    Empty,
    Fact,
    Filter,
    ListRow,
    ListSpec,
    PageAction,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.administration import InviteForm
from regulars.console.pages.confirming import draw_form, perform
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.granting import (
    MANAGE,
    role_choices,
    scope_choices,
    scope_words,
    until_of,
)
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.sections import house_page
from regulars.console.selectors.proposals import role_title
from regulars.kit.errors import Refusal
from regulars.kit.masking import mask_email
from regulars.kit.messages import message
from regulars.web import clock, paging
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import listed

RECENT = 20
SPEC = ListSpec(
    name="staff",
    url_name="console-staff",
    title=message("Staff"),
    purpose=message("Who works here, which roles they hold, and where."),
    columns=(
        Column("name", message("Name")),
        Column("email", message("E-mail address")),
        Column("roles", message("Roles")),
        Column("state", message("State")),
        Column("code", message("Associate number"), hidden=True),
        Column("signed_in", message("Last sign-in")),
        Column("created", message("Since"), hidden=True),
    ),
    filters=(
        Filter("role", message("Role")),
        Filter(
            "state",
            message("State"),
            choices=(Choice("on", message("Active")), Choice("off", message("Switched off"))),
        ),
    ),
    sort="-created",
    export="staff",
    is_personal=True,
)


@house_page(MANAGE)
@require_safe
def list_staff(request: HttpRequest) -> HttpResponse:
    """List accounts, newest first; addresses are masked."""
    reader = reader_of(request)
    invite = PageAction(
        gettext("Invite a colleague"), reverse("console-staff-new"), "user-plus", is_primary=True
    )
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("Nobody works here yet"),
            gettext("Invite colleagues with a one-time link and give each the role they need."),
            (invite,),
            icon="user-cog",
        ),
        actions=(invite,),
    )


def _open(reader: Reader) -> Opened:
    own = [Choice(role.name, role.name, is_data=True) for role in access.list_custom_roles()]
    spec = SPEC.with_choices(role=[*(Choice(r.name, r.title) for r in ROLES.values()), *own])
    state = read_state(spec, reader.params)

    def read(cursor: str | None, size: int) -> Part:
        found = access.list_staff_newest(
            at=reader.at,
            role=state.filters.get("role", ""),
            is_active={"on": True, "off": False}.get(state.filters.get("state", "")),
            before=paging.decode_number(cursor) if cursor else None,
            limit=size + 1,
        )
        shown = found[:size]
        after = paging.encode(shown[-1].id) if len(found) > size else None
        return Part([_row(each, reader.at) for each in shown], after)

    return Opened(state=state, read=read)


@house_page(MANAGE)
@require_safe
def show_staff(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Show one account: its roles, what they add up to and why, what was changed about it."""
    at, actor, zone = clock.met(request), actor_of(request), house_zone()
    staff = access.get_staff_by_public(public_id=staff_id)
    separated = access.policy(at).separated_administrators
    roles = access.roles_for(grant.role for grant in staff.grants)
    own_roles = gettext("This is you. Somebody else changes your roles.")
    held = _explained(staff, roles, at, separated=separated)
    recent = access.list_audit(about=("staff", str(staff.public_id)), limit=RECENT)
    names = access.names_of({one.actor_id for one in recent if one.actor_kind == "staff"})
    context = {
        "heading": staff.name,
        "purpose": staff.email,
        "status": _state(staff),
        "crumbs": (Crumb(gettext("Staff"), reverse("console-staff")), Crumb(staff.name)),
        "facts": (
            Fact(gettext("Associate number"), staff.code or formatting.MISSING),
            Fact(gettext("Last sign-in"), formatting.moment(staff.signed_in_at, zone=zone)),
            Fact(gettext("Since"), formatting.day(staff.created_at, zone=zone)),
            Fact(gettext("Permissions"), str(len(held)) if staff.is_active else "0"),
        ),
        "actions": _actions(staff, actor),
        "grants": [
            _grant_line(staff, each, roles.get(each.role), actor, at, separated=separated)
            for each in staff.grants
        ],
        "grant": PageAction(
            gettext("Give a role"),
            _to("grant", staff),
            "plus",
            why_not=own_roles if staff.id == actor.id else "",
        ),
        "held": held,
        "is_self": staff.id == actor.id,
        "recent": [
            (
                each,
                gettext(ACTIONS[each.action]) if each.action in ACTIONS else each.action,
                names.get(each.actor_id, gettext("Regulars itself")),
            )
            for each in recent
        ],
        "staff": staff,
    }
    return draw(request, "console/staff_member.html", context, zone=zone)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Make an account with its first role, and a one-time link for its owner."""
    at, actor, zone = clock.met(request), actor_of(request), house_zone()
    form = InviteForm(
        request.POST if request.method == "POST" else None,
        roles=role_choices(actor, at),
        scopes=scope_choices(actor),
        today=at.astimezone(zone).date(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _invited(request, form, actor, at, zone)
        except Refusal as no:
            form.refuse(no, _FIELD_OF.get(no.code))
    return draw_form(
        request,
        form,
        title=gettext("Invite a colleague"),
        purpose=gettext("They get a link that works once within 24 hours, and set their password."),
        verb=gettext("Make the account"),
        back_href=reverse("console-staff"),
        crumbs=(Crumb(gettext("Staff"), reverse("console-staff")),),
        template="console/act_form.html",
        extra=new_act(request),
    )


_FIELD_OF = {"access.email_taken": "email", "access.code_taken": "code"}


def new_act(request: HttpRequest) -> dict[str, Any]:
    """Answer the one-time number a form is sent with; the same again after a wrong field."""
    return {"act_id": request.POST.get("act_id") or uuid4()}


def _invited(
    request: HttpRequest, form: InviteForm, actor: Actor, at: datetime, zone: ZoneInfo
) -> HttpResponse:
    said, shown = form.cleaned_data, dict[str, str]()

    def effect() -> dict[str, Any]:
        staff, approval = services.invite_staff(
            email=said["email"],
            name=said["name"],
            code=said["code"] or None,
            language=said["language"],
            role=said["role"],
            scope=said["scope"],
            expires_at=until_of(said["until"], zone),
            note=said["note"] or None,
            actor=actor,
            at=at,
        )
        shown["link"] = services.issue_sign_in_link(staff_id=staff.id, actor=actor, at=at)
        return {
            "staff": str(staff.public_id),
            "approval": str(approval.public_id) if approval else "",
        }

    result = perform(request, at=at, effect=effect)
    staff = access.get_staff_by_public(public_id=UUID(result["staff"]))
    if result["approval"]:
        href = reverse("console-approval", args=[result["approval"]])
        messages.info(request, gettext("The role waits for a second person."))
    else:
        href = _to("", staff)
    return link_once(request, staff, shown.get("link", ""), href)


def link_once(request: HttpRequest, staff: Staff, link: str, href: str) -> HttpResponse:
    """Show a one-time link in this one answer."""
    context = {
        "heading": staff.name,
        "crumbs": (Crumb(gettext("Staff"), reverse("console-staff")), Crumb(staff.name)),
        "link": request.build_absolute_uri(link) if link else "",
        "href": href,
    }
    return draw(request, "console/link_once.html", context, zone=house_zone())


def _row(staff: Staff, at: datetime) -> ListRow:
    roles = listed(
        f"{role_title(grant.role)} · {scope_words(grant.scope)}"
        for grant in staff.grants
        if grant.is_live(at)
    )
    return ListRow(
        id=str(staff.public_id),
        href=reverse("console-staff-member", args=[staff.public_id]),
        cells={
            "name": Cell.text(staff.name),
            "email": Cell.text(mask_email(staff.email)),
            "roles": Cell.text(roles),
            "state": _state(staff),
            "code": Cell.code(staff.code or ""),
            "signed_in": Cell.moment(staff.signed_in_at),
            "created": Cell.day(staff.created_at),
        },
    )


def _state(staff: Staff) -> Cell:
    if not staff.is_active:
        return Cell.status("mute", gettext("Switched off"))
    if staff.signed_in_at is None:
        return Cell.status("info", gettext("Invited"))
    return Cell.status("ok", gettext("Active"))


def _actions(staff: Staff, actor: Actor) -> list[PageAction]:
    is_own = staff.id == actor.id
    own = gettext("This is you. Your own sessions and factors stand under “My account”.")
    off = gettext("The account is switched off. Switch it on first.")
    why_not = own if is_own else "" if staff.is_active else off
    last = gettext("This is you. Somebody else switches your account off.") if is_own else ""
    switch = PageAction(gettext("Switch off"), _to("deactivate", staff), "power-off", why_not=last)
    if not staff.is_active:
        switch = PageAction(gettext("Switch on"), _to("activate", staff), "power")
    offered = (
        ("link", gettext("One-time link"), "link"),
        ("sessions", gettext("Sign out everywhere"), "log-out"),
        ("safety", gettext("Sessions and second factors"), "shield-check"),
    )
    acts = [PageAction(name, _to(to, staff), icon, why_not=why_not) for to, name, icon in offered]
    return [*acts, switch]


def _explained(
    staff: Staff, roles: Mapping[str, Role], at: datetime, *, separated: bool
) -> list[tuple[str, bool, list[tuple[str, str]]]]:
    """Say what an account may do, whether that is strong, and by which role in which place."""
    live = [(grant.role, grant.scope) for grant in staff.grants if grant.is_live(at)]
    held = effective_access(live, catalogue=PERMISSIONS, separated=separated, roles=roles)
    return [
        (
            gettext(PERMISSIONS[each.permission]),
            each.permission in STRONG,
            [(role_title(role), scope_words(scope)) for role, scope in each.sources],
        )
        for each in held
    ]


def _grant_line(
    staff: Staff,
    grant: Granted,
    role: Role | None,
    actor: Actor,
    at: datetime,
    *,
    separated: bool,
) -> dict[str, Any]:
    query = "?" + urlencode({"role": grant.role, "scope": grant.scope})
    asleep = separated and grant.role in {"owner", "administrator"}
    return {
        "role": role_title(grant.role),
        "scope": scope_words(grant.scope),
        "is_own": grant.scope_kind is ScopeKind.OWN,
        "until": grant.expires_at,
        "is_over": not grant.is_live(at),
        "is_asleep": asleep,
        "count": len(role.permissions_in(frozenset(PERMISSIONS))) if role else 0,
        "revoke_href": "" if staff.id == actor.id else _to("revoke", staff) + query,
    }


def _to(act: str, staff: Staff) -> str:
    name = f"console-staff-{act}" if act else "console-staff-member"
    return reverse(name, args=[staff.public_id])


LISTINGS = (Listing(spec=SPEC, permission=MANAGE, open=_open, is_whole=True),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/staff", list_staff, name="console-staff"),
    path("console/staff/new", invite, name="console-staff-new"),
    path("console/staff/<uuid:staff_id>", show_staff, name="console-staff-member"),
)
