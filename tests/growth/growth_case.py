"""One case of growth: a call, the worst argument of each size, and the regular expressions that it meets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

OBJECTS = 2**13
"""The largest size where each step makes an object: more of them leave the caches, and then take longer each."""


class Case(NamedTuple):
    """``call(make(size))`` is to take a time that is linear in *size*, which *largest* bounds.

    *patterns*: the regular expressions whose worst case it is, as ``"content._MEDIA_TYPE"``.
    """

    call: Callable[[Any], object]
    make: Callable[[int], Any]
    largest: int
    patterns: tuple[str, ...]


def case(what: str, call: Callable[[Any], object], make: Callable[[int], Any], *patterns: str, largest: int = 2**18):
    """Return the parameters of the case that is called *what*."""
    return pytest.param(Case(call, make, largest, patterns), id=what)


def tried(call: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return *call* for arguments that it may refuse: a long text mostly is what it must not be."""

    def attempt(argument: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):
            call(argument)

    return attempt
