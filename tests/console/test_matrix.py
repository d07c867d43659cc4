"""Who sees which page and whose things: every page of the URL map, opened by the wrong people.

A page without an entry in `places` fails. Each is opened by a stranger, by somebody with every
permission but its own, by somebody who may do everything in another store only, by somebody who is
not the owner of the thing, and by the right person, so that the refusals mean something.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from regulars.access.domain import Actor, Reach, Scope
from regulars.web import clock, middleware
from regulars.web.permissions import PERMISSIONS, PUBLIC, permission_of
from tests.architecture.test_permissions import pages
from tests.console.places import PLACES, Place
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.things import open_things

VIEWS = {
    str(page.name): permission_of(page.callback)
    for page in pages()
    if str(page.name).startswith("console-") and permission_of(page.callback) != PUBLIC
}
ALL = frozenset(PERMISSIONS)


@pytest.fixture
def shop(db: None, own_var: Path) -> Shop:
    return open_shop(clock.now())


@pytest.fixture
def things(shop: Shop) -> dict[str, Any]:
    return open_things(shop)


class Visitor:
    """Somebody with exactly these permissions in exactly this scope, freshly signed in."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.browser = signed_in(shop.at)
        self.patch, self.hooks = monkeypatch, middleware._hooks
        self.identify = self.hooks["identify"]

    def open(self, place: Place, name: str, things: dict[str, Any], **being: Any) -> Any:
        def identify(request: Any) -> Any:
            found = self.identify(request)
            assert isinstance(found, Actor)
            return shaped(found, **being)

        with self.patch.context() as patch:
            patch.setitem(self.hooks, "identify", identify)
            return self.plain(place, name, things)

    def plain(self, place: Place, name: str, things: dict[str, Any]) -> Any:
        return send(self.browser, place, name, things)


def send(browser: Client, place: Place, name: str, things: dict[str, Any]) -> Any:
    href = place.href(name, things)
    return browser.post(href, place.fields(things)) if place.post else browser.get(href)


def shaped(actor: Actor, *, permissions: frozenset[str] = ALL, scope: Scope | None = None) -> Actor:
    reach = Reach(permissions=permissions, scope=scope or Scope.all())
    return replace(actor, permissions=permissions, scope=reach.scope, reaches=(reach,))


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.reliability("RH1")
class TestEveryPage:
    def test_has_its_entry(self) -> None:
        assert set(VIEWS) == set(PLACES)

    @pytest.mark.parametrize("name", sorted(set(PLACES) & set(VIEWS)))
    def test_opens_to_the_right_people_only(
        self,
        shop: Shop,
        things: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        place, needed = PLACES[name], str(VIEWS[name])
        visitor = Visitor(shop, monkeypatch)
        there = Scope(store_ids=(shop.store_ids["S02"],))

        stranger = send(Client(), place, name, things)
        assert (stranger.status_code, stranger.url.split("?")[0]) == (
            302,
            reverse("access-sign-in"),
        )

        without = visitor.open(place, name, things, permissions=ALL - {needed})
        assert without.status_code == 403

        if place.scoped:
            elsewhere = visitor.open(place, name, things, scope=there)
            assert elsewhere.status_code == 404, name
            assert str(things["number"]) not in text_of(elsewhere)
        if place.whole:
            partly = visitor.open(place, name, things, scope=there)
            assert partly.status_code in {403, 404}, name
        if place.owned:
            other = visitor.open(place, name, things, permissions=ALL - {"jobs.read"})
            assert other.status_code == 404
            return
        if place.hides:
            listed = visitor.open(place, name, things, scope=there)
            assert listed.status_code == 200
            assert str(things[place.hides]) not in text_of(listed)

        if not place.scoped and not place.whole:
            assert str(things["number"]) not in text_of(
                visitor.open(place, name, things, scope=there)
            )
        rightful = visitor.plain(place, name, things)
        assert rightful.status_code not in {403, 404, 500} - {place.lacks}, name
        rightful.close()
        if place.hides:
            assert str(things[place.hides]) in text_of(rightful)
