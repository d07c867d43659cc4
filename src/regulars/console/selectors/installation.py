"""Read what this installation is: versions, database, clock; which settings are set."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.utils.translation import gettext

from regulars.web import sql


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the deployment: its name, what it means, whether it is set. Never its value."""

    name: str
    meaning: str
    is_set: bool


def list_facts() -> list[tuple[str, str]]:
    """Answer what runs here, as pairs of words."""
    found = sql.row(
        "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size("
        "current_database())), clock_offset_seconds, zone FROM web_installation WHERE id = 1"
    )
    assert found is not None
    server, size, offset, zone = found
    try:
        ours = version("regulars")
    except PackageNotFoundError:
        ours = gettext("from source")
    moved = gettext("live") if not offset else gettext("moved by %(n)s seconds") % {"n": offset}
    return [
        (gettext("Regulars"), ours),
        (gettext("Python"), platform.python_version()),
        (gettext("PostgreSQL"), str(server)),
        (gettext("Size of the database"), str(size)),
        (gettext("Clock"), moved),
        (gettext("Time zone of the installation"), str(zone)),
    ]


def list_settings() -> list[Setting]:
    """Answer the deployment's settings: set or as shipped. Their values stay unread."""
    meanings: dict[str, str] = settings.MEANINGS
    return [
        Setting(name, meaning, name in os.environ or f"{name}_FILE" in os.environ)
        for name, meaning in meanings.items()
    ]
