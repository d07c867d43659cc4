"""Settings: the operating policy with its versions, the programme's basics, the installation."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import Policy, changed_policy, differences, loosened, policy_lines
from regulars.access.selectors import PolicyVersion
from regulars.console.domain.formatting import whole
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.settings import REFUND_POLICIES, PolicyForm, ProgrammeForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    done,
    draw_confirm,
    draw_form,
    perform,
    proposed,
    step_of,
)
from regulars.console.pages.drawing import actor_of, draw
from regulars.console.pages.sections import house_page
from regulars.console.selectors.installation import list_facts, list_settings
from regulars.console.selectors.proposals import policy_line, policy_value
from regulars.console.services import count_under
from regulars.kit.errors import Refusal
from regulars.ledger.domain import OwedPolicy
from regulars.loyalty import selectors as loyalty
from regulars.loyalty import services as loyalty_services
from regulars.loyalty.domain import Programme
from regulars.web import clock

MANAGE = "settings.manage"
VERSIONS_SHOWN = 20


@house_page(MANAGE)
@require_safe
def show_settings(request: HttpRequest) -> HttpResponse:
    """Show what holds now, who changed it, and what this installation is."""
    at, policy = clock.met(request), access.policy(clock.met(request))
    versions = access.list_policy_versions(limit=VERSIONS_SHOWN + 1)
    changes = access.list_audit(action="programme.configured", limit=VERSIONS_SHOWN)
    names = access.names_of(
        {each.changed_by_id for each in versions if each.changed_by_kind == "staff"}
        | {each.actor_id for each in changes if each.actor_kind == "staff"}
    )
    programme = loyalty.get_programme()
    context = {
        "heading": gettext("Settings"),
        "purpose": gettext("Limits, second persons, sessions; the programme; what runs here."),
        "now": at,
        "policy": [
            (policy_line(name), policy_value(name, value))
            for name, value in policy_lines(policy).items()
        ],
        "version": policy.version,
        "versions": _versions(versions, names),
        "programme": _programme_lines(programme),
        "programme_changes": [
            (each.at, names.get(each.actor_id, gettext("the command line")), each.details)
            for each in changes
        ],
        "facts": list_facts(),
        "settings": list_settings(),
    }
    return draw(request, "console/settings.html", context, zone=programme.tz)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_policy(request: HttpRequest) -> HttpResponse:
    """Change the operating policy, or propose it where it becomes less strict."""
    at, actor, policy = clock.met(request), actor_of(request), access.policy(clock.met(request))
    form = PolicyForm(request.POST if request.method == "POST" else None, policy=policy)
    step = step_of(request)
    if step == "form" or not form.is_valid():
        return _policy_form(request, form)
    changes = form.changes(policy)
    if not changes:
        form.add_error(None, gettext("Nothing differs from what holds now."))
        return _policy_form(request, form)
    try:
        after = changed_policy(policy, changes)
        loose = loosened(policy, after)
        needs = services.approvals.needs_approval(
            "policy.change", actor=actor, size=len(loose), at=at
        )
        if step == "do":
            return _changed(request, changes, form.cleaned_data["note"], policy, needs=needs)
        services.check_policy(changes=changes, actor=actor, at=at)
    except Refusal as no:
        form.refuse(no)
        return _policy_form(request, form)
    return draw_confirm(
        request,
        act=Act(
            title=gettext("Change settings"),
            verb=gettext("Propose the change") if needs else gettext("Change the settings"),
        ),
        form=form,
        impacts=_impacts(policy, after, at=at),
        back_href=reverse("console-settings"),
        needs_approval=(
            gettext("A second person looks at what becomes less strict.") if needs else None
        ),
        crumbs=_crumbs(),
    )


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_programme(request: HttpRequest) -> HttpResponse:
    """Change the basics of the programme."""
    programme = loyalty.get_programme()
    form = ProgrammeForm(
        request.POST if request.method == "POST" else None, initial=_programme_values(programme)
    )
    step = step_of(request)
    if step == "form" or not form.is_valid():
        return _programme_form(request, form)
    before = _programme_values(programme)
    changes = {name: value for name, value in form.cleaned_data.items() if before[name] != value}
    if not changes:
        form.add_error(None, gettext("Nothing differs from what holds now."))
        return _programme_form(request, form)
    if step == "do":
        try:
            return _configured(request, changes, before)
        except Refusal as no:
            form.refuse(no)
            return _programme_form(request, form)
    return draw_confirm(
        request,
        act=Act(title=gettext("Change the programme"), verb=gettext("Change the programme")),
        form=form,
        impacts=[
            *(
                Impact(
                    str(form.fields[name].label),
                    _programme_word(name, before[name]),
                    _programme_word(name, value),
                )
                for name, value in changes.items()
            ),
            Impact(gettext("Points already given"), after=gettext("keep their dates")),
        ],
        back_href=reverse("console-settings"),
        crumbs=_crumbs(),
    )


def _impacts(policy: Policy, after: Policy, *, at: datetime) -> list[Impact]:
    """Tell each line from before to after, what becomes less strict, and what would be lost."""
    loose, changed = loosened(policy, after), differences(policy, after)
    ends = count_under(policy=after, lines=changed.keys(), at=at)
    found = []
    for name, (was, becomes) in changed.items():
        note = gettext("less strict") if name in loose else ""
        if ends.get(name):
            said = ngettext(
                "ends %(count)s row with the next run",
                "ends %(count)s rows with the next run",
                ends[name],
            )
            note = said % {"count": whole(ends[name])}
        tone = "warn" if note else ""
        found.append(
            Impact(
                policy_line(name), policy_value(name, was), policy_value(name, becomes), tone, note
            )
        )
    return found


def _policy_form(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("Change settings"),
        purpose=gettext("Each change is a version, with who and when. Nothing is overwritten."),
        verb=gettext("Look at it"),
        back_href=reverse("console-settings"),
        crumbs=_crumbs(),
        next_step="preview",
    )


def _programme_form(request: HttpRequest, form: ProgrammeForm) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("Change the programme"),
        purpose=gettext("It holds for points given from now on."),
        verb=gettext("Look at it"),
        back_href=reverse("console-settings"),
        crumbs=_crumbs(),
        next_step="preview",
    )


def _changed(
    request: HttpRequest, changes: dict[str, Any], note: str, policy: Policy, *, needs: bool
) -> HttpResponse:
    at, actor = clock.met(request), actor_of(request)

    def effect() -> dict[str, Any]:
        if needs:
            made = services.propose_policy(changes=changes, actor=actor, at=at, note=note)
            return {"approval": str(made.public_id)}
        services.change_policy(
            changes=changes, actor=actor, at=at, note=note, version=policy.version
        )
        return {}

    result = perform(request, at=at, effect=effect)
    if "approval" in result:
        return proposed(request, result["approval"])
    href = reverse("console-settings")
    title = gettext("Settings")
    return done(request, gettext("Settings changed."), href=href, title=title, to=href)


def _configured(
    request: HttpRequest, changes: dict[str, Any], before: dict[str, Any]
) -> HttpResponse:
    at, actor = clock.met(request), actor_of(request)

    def effect() -> dict[str, Any]:
        policy = changes.get("refund_policy")
        written = loyalty_services.configure_programme(
            zone=changes.get("zone"),
            currency=changes.get("currency"),
            pending_days=changes.get("pending_days"),
            refund_policy=OwedPolicy(policy) if policy else None,
        )
        services.audit(
            actor=actor,
            action="programme.configured",
            object_kind="programme",
            object_id=str(written.id),
            at=at,
            details=changes | {f"{name}_before": before[name] for name in changes},
        )
        return {"programme": written.id}

    perform(request, at=at, effect=effect)
    href = reverse("console-settings")
    title = gettext("Settings")
    return done(request, gettext("Programme changed."), href=href, title=title, to=href)


def _programme_values(programme: Programme) -> dict[str, Any]:
    return {
        "pending_days": programme.pending_days,
        "refund_policy": programme.refund_policy.value,
        "zone": programme.zone,
        "currency": programme.currency,
    }


def _programme_lines(programme: Programme) -> list[tuple[str, str]]:
    form = ProgrammeForm()
    return [
        (str(form.fields[name].label), _programme_word(name, value))
        for name, value in _programme_values(programme).items()
    ]


def _programme_word(name: str, value: Any) -> str:
    return str(REFUND_POLICIES[value]) if name == "refund_policy" else str(value)


def _versions(found: list[PolicyVersion], names: dict[int, str]) -> list[dict[str, Any]]:
    """Tell each version by what it changed from the one before it."""
    olds = [*(each.policy for each in found[1:]), Policy()]
    return [
        {
            "number": each.policy.version,
            "at": each.changed_at,
            "who": names.get(each.changed_by_id, gettext("the command line")),
            "lines": [
                (policy_line(name), policy_value(name, was), policy_value(name, becomes))
                for name, (was, becomes) in differences(old, each.policy).items()
            ],
        }
        for each, old in zip(found, olds, strict=False)
    ][:VERSIONS_SHOWN]


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(gettext("Settings"), reverse("console-settings")),)


ROUTES: tuple[URLPattern, ...] = (
    path("console/settings", show_settings, name="console-settings"),
    path("console/settings/policy", edit_policy, name="console-settings-policy"),
    path("console/settings/programme", edit_programme, name="console-settings-programme"),
)
