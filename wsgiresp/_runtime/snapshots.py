"""What several threads share, looked at while others change it."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar
from weakref import WeakKeyDictionary

K = TypeVar("K")
V = TypeVar("V")


def live_items(shared: WeakKeyDictionary[K, V]) -> list[tuple[K, V]]:
    """Return the pairs of *shared* whose keys live, as they are now.

    Its own ``items()`` raises ``RuntimeError`` where another thread puts something in meanwhile; the list of its
    references is made in one step.
    """
    pairs = []
    for reference in shared.keyrefs():
        key = reference()
        if key is not None:
            with suppress(KeyError):  # taken out meanwhile
                pairs.append((key, shared[key]))
    return pairs
