"""What people write stays text: names, tags, stores, notes with markup in them run nowhere (RH11).

Every tab, act and list of members is drawn with each payload in every place that takes text, and
is read as a browser would: no element, attribute or script comes of it.
"""

import html
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor, StoreRow
from regulars.members import services
from regulars.members.domain import Identity, IdentityKind, TagSource
from regulars.web import clock
from tests.console.shop import OTHER_PHONE, Shop, open_shop, signed_in
from tests.console.steps import confirmed, previewed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]

MARK = "pwn3d"
BARE = (
    "<script>pwn3d()</script>",
    "<ScRiPt>pwn3d()</sCrIpT>",
    "<script src=//pwn3d></script>",
    "<img src=x onerror=pwn3d()>",
    "<img/src=x/onerror=pwn3d()>",
    "<svg onload=pwn3d()>",
    "<svg><script>pwn3d()</script>",
    "<iframe srcdoc=pwn3d>",
    "<body onload=pwn3d()>",
    "<input autofocus onfocus=pwn3d()>",
    "<details open ontoggle=pwn3d()>",
    "<video><source onerror=pwn3d()>",
    "<marquee onstart=pwn3d()>",
    "<a href=javascript:pwn3d()>x</a>",
    "<form action=//pwn3d><button>",
    "<base href=//pwn3d>",
    "<meta http-equiv=refresh content=0;pwn3d>",
    "<link rel=stylesheet href=//pwn3d>",
    "<style>@import'pwn3d'</style>",
    "<object data=//pwn3d>",
    "<embed src=//pwn3d>",
    "<math><mtext></form><style></math><img src onerror=pwn3d()>",
    "<!--><script>pwn3d()</script>",
    "<template><script>pwn3d()</script>",
    "<x onclick=pwn3d() tabindex=1>",
)
PAYLOADS = (
    *BARE,
    *(f'">{one}' for one in BARE[:10]),
    *(f"'>{one}" for one in BARE[:10]),
    "</title><script>pwn3d()</script>",
    "</textarea><script>pwn3d()",
    "</option></select><img src onerror=pwn3d()>",
    "javascript:pwn3d()",
    '" onmouseover="pwn3d()" x="',
    "' onfocus='pwn3d()' autofocus='",
    "` onfocus=`pwn3d()`",
    "{{7|add:42}}pwn3d",
    "{% load pwn3d %}",
    "{{x.__class__}}pwn3d",
    "{{ settings.SECRET_KEY }}pwn3d",
    "&lt;script&gt;pwn3d()",
    "&#60;script&#62;pwn3d()",
    "＜script＞pwn3d()＜/script＞",
    "%3Cscript%3Epwn3d()",
)
GROUPS = [PAYLOADS[at : at + 10] for at in range(0, len(PAYLOADS), 10)]
TABS = ("", "timeline", "orders", "points", "growth", "tags", "identities", "privacy", "log")
FORMS = ("adjust", "tag", "untag", "freeze", "profile", "home", "link", "unlink", "consent")


class Reader(HTMLParser):
    """Collects what the payload became, were it more than text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            here = f"{name}={value}"
            harmless = name in {"value", "title", "aria-label", "content", "placeholder"}
            if MARK in here and (not harmless or name.startswith("on")):
                self.found.append(f"<{tag} {here}>")
        if tag in {"script", "iframe", "style", "base", "math"}:
            source = dict(attrs).get("src") or ""
            if tag != "script" or not source.startswith("/static/"):
                self.found.append(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem and MARK in data:
            self.found.append(data[:80])


def dangers(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.found


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
    cache.clear()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


def poison(shop: Shop, group: tuple[str, ...], at: datetime) -> None:
    """Put the payloads wherever members, their marks and their stores take text."""
    actor = Actor.system()
    fields = ("name", "nickname", "city")
    for place, member_id in enumerate((shop.lin, shop.wang)):
        values = {field: group[3 * place + n] for n, field in enumerate(fields)}
        services.update_profile(member_id=member_id, values=values, at=at, actor=actor)
    rows = [services.TagRow(shop.lin, payload[:64]) for payload in group]
    services.tag(rows=rows, source=TagSource.MANUAL, at=at)
    stores = [
        StoreRow(row=n, code=code, name=group[6 + n]) for n, code in enumerate(("S01", "S02"))
    ]
    access.record_stores(stores, at=at)
    for payload in group:
        services.link_identity(
            member_id=shop.wang,
            identity=Identity(IdentityKind.EXTERNAL, payload[:60], f"crm{len(payload)}"),
            at=at,
            actor=actor,
        )
    services.link_identity(
        member_id=shop.lin,
        identity=Identity(IdentityKind.PHONE, OTHER_PHONE),
        at=at,
        actor=actor,
    )


def drawn(browser: Client, shop: Shop, group: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Draw every page that shows the member, and the previews that repeat what was typed."""
    record, payload = f"/console/members/{shop.lin_public}", group[8]
    adjust = f"{record}/adjust"
    said = {"amount": "5", "reason": "109", "note": payload}
    page = previewed(browser, adjust, said)
    yield adjust, page
    confirmed(browser, adjust, page)
    for tab in TABS:
        yield tab, text_of(browser, f"{record}/{tab}" if tab else record)
    for form in FORMS:
        yield form, text_of(browser, f"{record}/{form}")
    for typed in group:
        tags = {"tags": typed[:60].replace(",", ";")}
        yield "tag", previewed(browser, f"{record}/tag", tags)
        yield "profile", previewed(browser, f"{record}/profile", {"nickname": f"x{typed}"})
    merge = f"/console/merges/{shop.lin_public}/{shop.wang_public}"
    yield merge, text_of(browser, merge)
    yield merge, previewed(browser, merge, {"reason": "same_person"})
    yield "list", text_of(browser, "/console/members")
    yield "queue", text_of(browser, "/console/suggestions")
    reveal = browser.post(f"{record}/reveal", {"reason": "member_request", "tab": "identities"})
    yield "reveal", reveal.content.decode()


@pytest.mark.parametrize("group", GROUPS, ids=range(len(GROUPS)))
def test_stays_text_on_every_page(at: datetime, shop: Shop, group: tuple[str, ...]) -> None:
    poison(shop, group, at)
    browser = signed_in(at)

    pages = list(drawn(browser, shop, group))

    assert [(place, found) for place, page in pages if (found := dangers(page))] == []
    whole = html.unescape("".join(page for _, page in pages))
    assert [one for one in group if html.unescape(one) not in html.unescape(whole)] == []
    assert "49pwn3d" not in whole


def test_there_are_sixty_payloads() -> None:
    assert len(set(PAYLOADS)) == 60
    assert {len(group) for group in GROUPS} == {10}


def test_the_reader_would_see_a_breach() -> None:
    assert dangers("<p><img src=x onerror=pwn3d()></p>") != []
    assert dangers('<a title="" onmouseover="pwn3d()">') != []
    assert dangers("<script>pwn3d()</script>") != []
    assert dangers("<p>&lt;script&gt;pwn3d()&lt;/script&gt;</p>") == []
