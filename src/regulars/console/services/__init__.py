"""What the console does that leaves a trace: looking somebody up, handing a list out."""

from regulars.console.services.exports import (
    EXPORTS,
    ask_export,
    drop_over_exports,
    open_export,
    purge_exports_of,
    write_export,
)
from regulars.console.services.lookups import look_up

__all__ = [
    "EXPORTS",
    "ask_export",
    "drop_over_exports",
    "look_up",
    "open_export",
    "purge_exports_of",
    "write_export",
]
