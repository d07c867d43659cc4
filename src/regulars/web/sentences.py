"""Say a refusal in the reader's language: one that was raised, or one that was kept."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext

from regulars.kit.errors import Refusal, every_refusal


def words(no: Refusal) -> str:
    """Say a refusal in the reader's language."""
    return gettext(no.reason).format(**no.facts)


def words_of(code: str, facts: Mapping[str, Any]) -> str:
    """Say a refusal that was kept by its code and facts; an unknown code is said as it is."""
    if code not in _reasons():
        _reasons.cache_clear()  # an app may have been loaded since
    sentence = _reasons().get(code)
    if sentence is None:
        return code
    try:
        return gettext(sentence).format(**facts)
    except (KeyError, IndexError):
        return gettext(sentence)


def listed(words: Iterable[str]) -> str:
    """Write words one after another, as the reader's language separates them."""
    return gettext(", ").join(words)


@lru_cache(maxsize=1)
def _reasons() -> dict[str, str]:
    return {refusal.name(): refusal.reason for refusal in every_refusal()}
