"""What waits for the reader, how the house is doing, and the first steps of a new house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from regulars.access.domain import Actor
from regulars.console.domain import formatting
from regulars.console.pages.drawing import address_of
from regulars.console.selectors import home
from regulars.console.selectors.home import SEEN_MAX, Health, SetUp, Waiting

BEHIND_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line: how bad, what, and where to look."""

    tone: str
    icon: str
    title: str
    detail: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One of the first steps, and whether it is done."""

    title: str
    detail: str
    href: str
    is_done: bool

    @property
    def tone(self) -> str:
        """Answer the tone of the line."""
        return "ok" if self.is_done else "info"


def waiting_of(found: Sequence[Waiting]) -> list[Line]:
    """Say what waits, the most pressing first."""
    pages = {
        "approvals": ("warn", "stamp", "console-approvals"),
        "dead_letters": ("bad", "mail-x", "console-dead-letters"),
        "jobs": ("bad", "triangle-alert", "console-jobs"),
        "suggestions": ("info", "git-merge", "console-suggestions"),
        "privacy": ("warn", "shield-check", "console-privacy"),
    }
    return [
        Line(tone, icon, _waiting(each), "", address_of(name))
        for each in found
        for tone, icon, name in [pages[each.code]]
    ]


def _waiting(each: Waiting) -> str:
    count, n = f"{SEEN_MAX}+" if each.is_more else str(each.count), each.count
    words = {
        "approvals": ngettext(
            "%(count)s approval waits for you", "%(count)s approvals wait for you", n
        ),
        "dead_letters": ngettext("%(count)s rejected row", "%(count)s rejected rows", n),
        "jobs": ngettext("%(count)s job of yours failed", "%(count)s jobs of yours failed", n),
        "suggestions": ngettext("%(count)s merge suggestion", "%(count)s merge suggestions", n),
        "privacy": ngettext("%(count)s open privacy request", "%(count)s open privacy requests", n),
    }
    return words[each.code] % {"count": count}


def health_of(actor: Actor, *, at: datetime, zone: ZoneInfo) -> list[Line]:
    """Say how the house is doing, to those whose work that is."""
    if not actor.may("operations.read"):
        return []
    health = home.get_health(at=at)
    return [
        _letters(health),
        _parked(health),
        _consumers(health),
        _sources(health, zone),
        _verified(health, zone),
    ]


def steps_of(found: SetUp, *, has_brand: bool) -> list[StepLine]:
    """List the first steps of a house."""
    return [
        StepLine(
            gettext("Name the brand"),
            gettext("It stands on letters and on this page."),
            address_of("console-settings"),
            has_brand,
        ),
        StepLine(
            gettext("Enter the stores"),
            gettext("From a file or over the API; they decide who sees whom."),
            address_of("console-stores"),
            found.has_stores,
        ),
        StepLine(
            gettext("Set tiers and points"),
            gettext("A programme with rates and tiers is ready to be changed."),
            address_of("console-settings"),
            found.has_tiers,
        ),
        *_guarding(found),
        StepLine(
            gettext("Connect a shop or a till"),
            gettext("A source sends orders as they happen."),
            address_of("console-sources"),
            found.has_source,
        ),
        StepLine(
            gettext("Import members and orders"),
            gettext("The wizard tries a file before it writes."),
            address_of("console-import-new"),
            found.has_import or found.has_members,
        ),
    ]


def _guarding(found: SetUp) -> list[StepLine]:
    """List the steps that keep what follows right: the programme, the account, four eyes."""
    return [
        StepLine(
            gettext("Check the programme"),
            gettext("Zone, currency, days that points wait: before the first order counts."),
            address_of("console-settings-programme"),
            found.has_checked_programme,
        ),
        StepLine(
            gettext("Turn your second factor on"),
            gettext("Whoever knows your password is then not yet you."),
            address_of("console-account"),
            found.has_factor,
        ),
        StepLine(
            gettext("Invite a colleague"),
            gettext("What is large is looked at by a second person, once there is one."),
            address_of("console-staff-invite"),
            found.has_colleagues,
        ),
    ]


def _letters(health: Health) -> Line:
    href = address_of("console-dead-letters")
    if not health.dead_letters:
        return Line(
            "ok",
            "circle-check",
            gettext("No rejected rows"),
            gettext("Everything was applied."),
            href,
        )
    title = ngettext("%(count)s rejected row", "%(count)s rejected rows", health.dead_letters)
    shown = title % {"count": formatting.whole(health.dead_letters)}
    return Line(
        "bad", "triangle-alert", shown, gettext("Each says why, and can be replayed."), href
    )


def _parked(health: Health) -> Line:
    if not health.parked:
        return Line(
            "ok",
            "circle-check",
            gettext("No waiting rows"),
            gettext("Every refund found its order."),
        )
    title = ngettext("%(count)s waiting row", "%(count)s waiting rows", health.parked) % {
        "count": formatting.whole(health.parked)
    }
    detail = gettext("Refunds whose order is not here yet; after 7 days they count as rejected.")
    return Line("warn", "clock", title, detail)


def _consumers(health: Health) -> Line:
    href = address_of("console-events")
    if health.stuck:
        title = gettext("A reader of the log is stuck")
        return Line("bad", "triangle-alert", title, ", ".join(health.stuck), href)
    if health.behind > BEHIND_MANY:
        title = gettext("The log is read with a delay")
        detail = gettext("%(count)s events are waiting.") % {
            "count": formatting.whole(health.behind)
        }
        return Line("warn", "activity", title, detail, href)
    title, detail = gettext("The log is read to its end"), gettext("No reader is behind.")
    return Line("ok", "activity", title, detail, href)


def _sources(health: Health, zone: ZoneInfo) -> Line:
    href = address_of("console-sources")
    if health.failing:
        title = gettext("The last delivery of a source failed")
        return Line("warn", "database", title, ", ".join(health.failing), href)
    if health.seen_at is None:
        title = gettext("No source has sent anything yet")
        return Line("info", "database", title, gettext("Import a file, or connect a shop."), href)
    title = ngettext("%(count)s source delivers", "%(count)s sources deliver", health.sources) % {
        "count": health.sources
    }
    heard = formatting.moment(health.seen_at, zone=zone)
    return Line("ok", "database", title, gettext("last heard %(time)s") % {"time": heard}, href)


def _verified(health: Health, zone: ZoneInfo) -> Line:
    href = address_of("console-verify")
    if health.verified_at is None:
        title = gettext("The points were not checked yet")
        return Line("info", "badge-check", title, gettext("The clock checks them at night."), href)
    checked = gettext("checked %(time)s") % {
        "time": formatting.moment(health.verified_at, zone=zone)
    }
    if health.differences:
        title = ngettext(
            "%(count)s difference in the points", "%(count)s differences in the points",
            health.differences,
        ) % {"count": formatting.whole(health.differences)}  # fmt: skip
        return Line("bad", "triangle-alert", title, checked, href)
    return Line("ok", "badge-check", gettext("The points add up"), checked, href)
