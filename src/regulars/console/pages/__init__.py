"""The pages of the console, one function each; `urls` gives them their addresses."""

from regulars.console.pages.errors import broken, forbidden, not_found, stale_form
from regulars.console.pages.front import show_home as home
from regulars.console.pages.listing import list_members as members
from regulars.console.pages.listing import search
from regulars.console.pages.orders import order
from regulars.console.pages.preferences import choose_language, choose_theme
from regulars.console.pages.records import member, reveal

__all__ = [
    "broken",
    "choose_language",
    "choose_theme",
    "forbidden",
    "home",
    "member",
    "members",
    "not_found",
    "order",
    "reveal",
    "search",
    "stale_form",
]
