"""Classes that are derived at run time, each made once."""

from __future__ import annotations

from typing import Any, TypeVar

K = TypeVar("K")


def derived_class(
    made: dict[K, type[Any]], key: K, own: type[Any], bases: tuple[type[Any], ...], **attributes: object
) -> type[Any]:
    """Return the class that *made* has for *key*, or a new one of *bases* with *attributes*, under the name of *own*.

    It cannot be found by its name, so whoever pickles its objects says what it was made of. From any thread.
    """
    found = made.get(key)
    if found is None:
        found = type(own.__name__, bases, {"__module__": own.__module__, **attributes})
        # Two threads may come here at once; the class of the first is everybody's.
        found = made.setdefault(key, found)
    return found
