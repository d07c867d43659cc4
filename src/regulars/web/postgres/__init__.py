"""The embedded PostgreSQL: made, started and stopped by Regulars itself, kept under VAR.

Nothing here knows Django, so settings may ask for addresses before anything is configured.
`urls_for` only computes; `ensure` and `Server.start` start.
"""

from regulars.web.postgres.places import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    Urls,
    connection_settings,
    places_for,
    urls_for,
)
from regulars.web.postgres.server import Server, Status, ensure

__all__ = [
    "APP_ROLE",
    "DATABASE",
    "OWNER_ROLE",
    "Server",
    "Status",
    "Urls",
    "connection_settings",
    "ensure",
    "places_for",
    "urls_for",
]
