"""Cut long streams into batches of a size the database likes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunked(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of at most `size` items, in order, until the stream ends."""
    if size < 1:
        raise ValueError(f"a batch holds at least one item, not {size}")
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
