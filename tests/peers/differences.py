"""What is known to differ in the tests of other projects, and why: the tables of ``*_differences.toml``."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from known_faults import Fault

HERE = Path(__file__).parent
# A test may fail with the project's own classes too, beside a version that it does not know: that is no fault of ours.
# Where many do, the rest says nothing.
MOST_FAILED = 3


def tables(peer: str) -> list[dict[str, Any]]:
    """Return the tables of *peer*'s differences.

    Each has a reason, where that stands (source: clauses and pages of the documentation, with a semicolon between), and
    the tests that differ by it. It may say before which Python it holds (before_python); what else it may say is told
    by the test of that peer.
    """
    text = (HERE / f"{peer}_differences.toml").read_text("utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["difference"]
    return found


def known(peer: str, word: str | None = None) -> set[str]:
    """Return the ids of the tests that differ on this Python; with *word* those of tables that say it alone."""
    here = f"{sys.version_info.major}.{sys.version_info.minor:02}"
    return {
        test
        for table in tables(peer)
        if (word is None or table.get(word)) and here < table.get("before_python", "9")
        for test in table["tests"]
    }


def changed(theirs: dict[str, str], ours: dict[str, str]) -> set[str]:
    """Return the tests of which the one outcome is another than the other."""
    return {test for test in theirs.keys() | ours.keys() if theirs.get(test) != ours.get(test)}


def unknown(peer: str, found: set[str], expected: set[str], note: Callable[..., None]) -> set[str]:
    """Return the tests of *found* that are not *expected* to differ; *note* is told of each that is, and does not.

    A test that does not differ any more, or is no longer there, is no failure: its row in the tables of *peer* can go.
    """
    for test in expected:
        row = f"tests/peers/{peer}_differences.toml, {test}"
        note(Fault(peer.replace("_", "-"), row, "comes out otherwise with our classes"), shows=test in found)
    return found - expected
