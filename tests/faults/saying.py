"""How a process of the fault tests speaks to the test: a line at a time, at once."""

import sys
from typing import Any

import orjson


def say(word: str) -> None:
    """Say one line now."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def answer(value: Any) -> None:
    """Say a value as JSON, as the last line."""
    say(orjson.dumps(value).decode())
