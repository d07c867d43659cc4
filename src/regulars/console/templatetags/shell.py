"""The frame around every page: icons, navigation, theme, language, who is signed in.

Nothing here asks the database: what is known stands on the request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_noop
from lucide.jinja import lucide

from regulars.access.domain import ROLES
from regulars.console.domain import navigation as pages
from regulars.console.domain.cells import PageAction, RowAction
from regulars.console.domain.helping import HELP, KEYS, TERMS
from regulars.web.permissions import PERMISSIONS, Caller, permission_of
from regulars.web.sentences import listed

register = template.Library()

THEME_COOKIE = "regulars_theme"
TREND_COOKIE = "regulars_trend"
FOLD_COOKIE = "regulars_nav"
GROUPS_COOKIE = "regulars_groups"
GROUPS_OPEN = "members.trade"
THEMES = {"auto": "monitor", "light": "sun", "dark": "moon"}
_THEME_TITLES = {
    "auto": gettext_noop("Follow system"),
    "light": gettext_noop("Light"),
    "dark": gettext_noop("Dark"),
}
TRENDS: Mapping[str, str] = {
    "auto": gettext_noop("As usual in the language: red in Chinese, green in English"),
    "red": gettext_noop("Up is red, down is green"),
    "green": gettext_noop("Up is green, down is red"),
}


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One line of the sidebar."""

    title: str
    href: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class NavigationGroup:
    """A title of the sidebar with its lines; without a title the lines stand by themselves."""

    code: str
    title: str
    icon: str
    is_open: bool
    entries: tuple[NavigationEntry, ...]


@dataclass(frozen=True, slots=True)
class PageHelp:
    """What the help of a page says, in the reader's language."""

    steps: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ThemeChoice:
    """One of the three themes, and whether it is the chosen one."""

    code: str
    title: str
    icon: str
    pressed: str


@dataclass(frozen=True, slots=True)
class TrendChoice:
    """One of the ways to colour up and down, and whether it is the chosen one."""

    code: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """The language the reader is not reading."""

    code: str
    tag: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the page."""

    name: str
    initial: str
    searches: bool
    viewing: str = ""


@register.simple_tag
def icon(name: str, *, small: bool = False) -> SafeString:
    """Draw a line icon; it says nothing to screen readers, the text beside it does."""
    return _drawn(str(name), "icon icon-s" if small else "icon")


@cache
def _drawn(name: str, css: str) -> SafeString:
    svg = lucide(name, size=None, aria_hidden="true", **{"class": css})
    return mark_safe(svg)  # noqa: S308 the drawing comes from the installed package


@register.simple_tag
def language_tag() -> str:
    """Name the page's language for browsers: zh-Hans, en."""
    return "zh-Hans" if _is_chinese() else "en"


@register.simple_tag(takes_context=True)
def document_attributes(context: Mapping[str, Any]) -> SafeString:
    """Write the theme, and the meaning of trend colours, on the root element."""
    theme = _theme(context)
    shown = "" if theme == "auto" else theme
    chosen = _trend(context)
    is_red = _is_chinese() if chosen == "auto" else chosen == "red"
    trend = "" if is_red else "intl"
    theme_part = format_html(' data-theme="{}"', shown) if shown else ""
    return format_html("{}{}", theme_part, format_html(' data-trend="{}"', trend) if trend else "")


@register.simple_tag(takes_context=True)
def fold_attribute(context: Mapping[str, Any]) -> str:
    """Keep the sidebar folded when it was folded before."""
    request = _request(context)
    folded = request is not None and request.COOKIES.get(FOLD_COOKIE) == "rail"
    return " checked" if folded else ""


@register.simple_tag(takes_context=True)
def theme_choices(context: Mapping[str, Any]) -> list[ThemeChoice]:
    """List the three themes."""
    chosen = _theme(context)
    return [
        ThemeChoice(
            code=code,
            title=gettext(_THEME_TITLES[code]),
            icon=drawing,
            pressed="true" if code == chosen else "false",
        )
        for code, drawing in THEMES.items()
    ]


@register.simple_tag(takes_context=True)
def trend_choices(context: Mapping[str, Any]) -> list[TrendChoice]:
    """List the ways to colour up and down."""
    chosen = _trend(context)
    return [
        TrendChoice(code=code, title=gettext(title), is_chosen=code == chosen)
        for code, title in TRENDS.items()
    ]


@register.simple_tag
def other_language() -> LanguageChoice:
    """Offer the language that is not shown, in its own words."""
    if _is_chinese():
        return LanguageChoice(code="en", tag="en", label="EN", title="English")
    return LanguageChoice(code="zh-hans", tag="zh-Hans", label="中文", title="简体中文")


@register.simple_tag(takes_context=True)
def navigation(context: Mapping[str, Any]) -> list[NavigationGroup]:
    """List the pages this reader may open, in groups; the one with this page stands open."""
    request = _request(context)
    actor = getattr(request, "actor", None)
    if request is None or actor is None:
        return []
    match = request.resolver_match
    here = pages.entry_of((match.url_name if match else None) or "")
    opened = request.COOKIES.get(GROUPS_COOKIE, GROUPS_OPEN).split(".")
    groups = [_group(group, actor, here=here, opened=opened) for group in pages.NAVIGATION]
    return [group for group in groups if group.entries]


def _group(group: pages.Group, actor: Caller, *, here: str, opened: list[str]) -> NavigationGroup:
    entries = tuple(
        NavigationEntry(
            title=gettext(entry.title),
            href=address.href,
            icon=entry.icon,
            current=entry.name == here,
        )
        for entry in group.entries
        if (address := _address(entry.name)) is not None and actor.may(address.permission)
    )
    return NavigationGroup(
        code=group.code,
        title=gettext(group.title) if group.title else "",
        icon=group.icon,
        is_open=group.code in opened or any(entry.current for entry in entries),
        entries=entries,
    )


def reachable(entry: pages.Entry, actor: Caller) -> str:
    """Answer where a page of the sidebar is, if this reader may open it."""
    known = _address(entry.name)
    return known.href if known is not None and actor.may(known.permission) else ""


@dataclass(frozen=True, slots=True)
class _Address:
    href: str
    permission: str


@cache
def _address(name: str) -> _Address | None:
    """Answer where a page is and what it asks for; nothing while the page does not exist."""
    try:
        href = reverse(name)
    except NoReverseMatch:
        return None
    return _Address(href, permission_of(resolve(href).func) or "")


@register.simple_tag(takes_context=True)
def signed_in(context: Mapping[str, Any]) -> Reader:
    """Say who is signed in."""
    actor = getattr(_request(context), "actor", None)
    name = str(getattr(actor, "name", "") or "")
    searches = actor is not None and actor.may("console.use")
    viewing = str(getattr(actor, "viewing_name", "") or "")
    return Reader(name=name, initial=name[:1].upper(), searches=searches, viewing=viewing)


@register.simple_tag
def permission_title(code: str) -> str:
    """Name a permission in the reader's language; nothing where the code is not known."""
    title = PERMISSIONS.get(str(code))
    return gettext(title) if title else ""


@register.simple_tag
def roles_with(permission: str) -> list[str]:
    """Name the roles that hold a permission, in the reader's language."""
    code = str(permission)
    return [
        gettext(role.title)
        for role in ROLES.values()
        if role.everything or code in role.permissions
    ]


@register.filter(name="listed")
def draw_listed(words: Iterable[str]) -> str:
    """Write words one after another, as the reader's language separates them."""
    return listed(words)


@register.simple_tag(takes_context=True)
def page_help(context: Mapping[str, Any]) -> PageHelp:
    """Answer the how-to of this page, its words and the keys that work everywhere."""
    request = _request(context)
    match = request.resolver_match if request else None
    known = HELP.get(pages.entry_of((match.url_name if match else None) or ""))
    terms = [TERMS[code] for code in known.terms] if known else []
    return PageHelp(
        steps=tuple(gettext(step) for step in known.steps) if known else (),
        terms=tuple((gettext(term.title), gettext(term.meaning)) for term in terms),
        keys=tuple((key, gettext(title)) for key, title in KEYS),
    )


@register.simple_tag(takes_context=True)
def usual_crumbs(context: Mapping[str, Any]) -> list[pages.Crumb]:
    """Say where a page of the sidebar stands, for pages that say nothing themselves."""
    request = _request(context)
    match = request.resolver_match if request else None
    name = (match.url_name if match else None) or ""
    for group in pages.NAVIGATION:
        for entry in group.entries:
            if entry.name == name and group.title:
                home = pages.Crumb(gettext("Home"), reverse("console-home"))
                return [home, pages.Crumb(gettext(group.title)), pages.Crumb(gettext(entry.title))]
    return []


@register.simple_tag
def term(code: str, text: str = "") -> SafeString:
    """Write a word of the trade; what it means shows on hover and on focus."""
    known = TERMS[code]
    return format_html(
        '<span data-def tabindex="0" title="{}">{}</span>',
        gettext(known.meaning),
        text or gettext(known.title),
    )


@register.inclusion_tag("console/_act.html")
def draw_act(
    act: RowAction | PageAction, css: str, place: str = "", *, is_primary: bool = False
) -> dict[str, object]:
    """Draw a button or link of an act; one that may not be done now says why, on focus too."""
    digest = sha256(f"{act.href} {css} {place}".encode()).hexdigest()[:8]
    return {
        "act": act, "css": css, "place": place, "is_primary": is_primary, "id": f"why-{digest}",
    }  # fmt: skip


@register.simple_tag
def address(name: str) -> str:
    """Answer where a page is, or nothing while it does not exist."""
    known = _address(name)
    return known.href if known else ""


@register.simple_tag(takes_context=True)
def this_page(context: Mapping[str, Any]) -> str:
    """Name the address to come back to; a page that answered a POST comes back to its list."""
    request = _request(context)
    if request is None:
        return "/"
    if request.method == "GET":
        return request.get_full_path()
    back = context.get("back_to")
    return str(back) if back else reverse("console-home")


def _request(context: Mapping[str, Any]) -> HttpRequest | None:
    request = context.get("request")
    return request if isinstance(request, HttpRequest) else None


def _theme(context: Mapping[str, Any]) -> str:
    request = _request(context)
    chosen = request.COOKIES.get(THEME_COOKIE, "auto") if request else "auto"
    return chosen if chosen in THEMES else "auto"


def _trend(context: Mapping[str, Any]) -> str:
    request = _request(context)
    chosen = request.COOKIES.get(TREND_COOKIE, "auto") if request else "auto"
    return chosen if chosen in TRENDS else "auto"


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")
