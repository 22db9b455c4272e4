"""The tables of ``examples/README.md``, and the modules of that folder as a server started there imports them."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

EXAMPLES = Path(__file__).parents[2] / "examples"
OF_THE_CHECKOUT = {"etag", "last-modified"}


class Row(NamedTuple):
    """One line of a table in the README, its cells without their backquotes."""

    request: str
    status: str
    content_type: str
    headers: str
    body: str

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.split()[0]

    @property
    def target(self) -> str:
        """The path of the request, with its query."""
        return self.request.split()[1]

    @property
    def path(self) -> str:
        """The path of the request."""
        return self.target.partition("?")[0]

    def fields(self) -> list[str]:
        """Return the other headers, as lines."""
        return self.headers.split("<br>") if self.headers else []


def rows() -> list[Row]:
    """Return the rows of all tables in the README."""
    return list(_rows())


def bytes_of(cell: str) -> bytes:
    r"""Return the bytes that a body cell shows: ``\n`` and ``\xff`` are one byte each."""
    return re.sub(
        rb"\\(?:n|x([0-9a-f]{2}))",
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else b"\n",
        cell.encode("utf-8"),
    )


def shows(cell: str, body: bytes) -> bool:
    """Return whether a body cell shows *body*, or its beginning where ``…`` stands at the end."""
    shown, more, _ = cell.partition("…")
    return body.startswith(bytes_of(shown)) if more else body == bytes_of(shown)


def example(name: str) -> ModuleType:
    """Return the module *name* of the examples."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(EXAMPLES))


def _rows() -> Iterator[Row]:
    for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"\| `[A-Z]+ /", line):
            yield Row(*(cell.strip().replace("`", "") for cell in line.strip("|").split("|")))
