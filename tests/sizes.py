"""How large a test is: small in CI, whole in `make soak`."""

import os
from typing import TypeVar

Size = TypeVar("Size")

SOAK = os.environ.get("REGULARS_SOAK") == "1"


def size(ci: Size, soak: Size) -> Size:
    """Answer the size of this run."""
    return soak if SOAK else ci
