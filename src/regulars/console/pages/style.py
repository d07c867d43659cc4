"""The living style page: every part of the console, in both languages and both themes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import URLPattern, path
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.console.domain.cells import Cell, PageAction, TabLink, Tone
from regulars.console.forms.style import SampleForm
from regulars.console.pages.confirming import Impact
from regulars.console.pages.drawing import draw, house_zone
from regulars.web.pages import page, queries_forbidden

ROLES = (
    "paper", "surface", "sunken", "raised", "track", "line", "line-strong", "line-control", "ink",
    "ink-2", "ink-3", "accent", "accent-hover", "accent-soft", "honey", "honey-soft", "ok",
    "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "info", "info-soft", "trend-up",
    "trend-down", "c1", "c2", "c3", "c4", "c5", "c6", "tier-1", "tier-2", "tier-3", "tier-4",
    "tier-5",
)  # fmt: skip
ICONS = ("users", "receipt", "coins", "upload", "stamp", "settings", "search", "download")
TONES: tuple[Tone, ...] = ("ok", "warn", "bad", "info", "mute")
SAMPLE_AT = datetime(2026, 11, 21, 1, 40, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Panel:
    """The parts drawn once: in one language, in one theme."""

    title: str
    theme: str
    language: str
    html: SafeString


@page("console.use")
@require_safe
def show_style(request: HttpRequest) -> HttpResponse:
    """Show every part of the console as it is drawn."""
    zone = house_zone()
    with timezone.override(zone), queries_forbidden():
        panels = [
            _panel(request, language=language, theme=theme)
            for language in ("zh-hans", "en")
            for theme in ("light", "dark")
        ]
    context = {"panels": panels, "heading": gettext("Style page")}
    return draw(request, "console/style.html", context, zone=zone)


def _panel(request: HttpRequest, *, language: str, theme: str) -> Panel:
    name = f"{language}-{theme}"
    with translation.override(language):
        title = gettext("Light") if theme == "light" else gettext("Dark")
        context = {
            "panel": name,
            "roles": ROLES,
            "icons": ICONS,
            "cells": _cells(),
            "statuses": [
                Cell.status(tone, word) for tone, word in zip(TONES, _words(), strict=True)
            ],
            "tones": TONES[:4],
            "actions": [
                PageAction(
                    gettext("Exchange"),
                    f"#list-{name}",
                    "refresh-cw",
                    why_not=gettext("The key has ended. Make a new one."),
                ),
                PageAction(gettext("Export"), "#list", "download"),
                PageAction(gettext("Import members"), "#list", "upload", is_primary=True),
            ],
            "tabs": [
                TabLink(gettext("All"), "#list", is_current=True),
                TabLink(gettext("New members"), "#list", count=12_345),
            ],
            "impacts": [
                Impact(gettext("Points available"), "1,200", "700", "bad"),
                Impact(gettext("Members"), after="1"),
            ],
            "form": SampleForm(panel=name),
            "now": SAMPLE_AT,
        }
        html = loader.render_to_string("console/_style_parts.html", context, request)
    return Panel(title, theme, "zh-Hans" if language == "zh-hans" else "en", html)


def _words() -> list[str]:
    return [
        gettext("Done"),
        gettext("Waiting"),
        gettext("Failed"),
        gettext("Running"),
        gettext("Switched off"),
    ]


def _cells() -> list[tuple[str, Cell]]:
    """Answer one cell of each kind with its name."""
    return [
        ("person", Cell.person("林**", "138****8000", "#list")),
        ("tier", Cell.tier(3, gettext("Gold"))),
        ("money", Cell.money(123_450, "CNY", "−¥9.90")),
        ("points", Cell.points(-500, signed=True)),
        ("number", Cell.number(12_345)),
        ("moment", Cell.moment(SAMPLE_AT)),
        ("day", Cell.day(date(2026, 11, 21))),
        ("status", Cell.status("ok", gettext("Done"))),
        ("tag", Cell.tag(gettext("Weekend regular"), gettext("by hand"))),
        ("link", Cell.link("SO-0001", "#list")),
        ("code", Cell.code("S01")),
        ("progress", Cell.progress(64, "64%")),
        ("dash", Cell.dash()),
    ]


ROUTES: tuple[URLPattern, ...] = (path("console/style", show_style, name="console-style"),)
