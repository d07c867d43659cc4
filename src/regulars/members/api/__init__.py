"""Members over HTTP: parse, call one service, serialise. Personal data travels in bodies only."""

from regulars.members.api import merging, privacy, reading, writing
from regulars.members.api.calling import router

__all__ = ["merging", "privacy", "reading", "router", "writing"]
