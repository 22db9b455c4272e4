"""The page of the documentation about what differs from the peers, made of the tables: ``python -m peers.parity_page``.

It is printed; ``docs/reference/parity.md`` holds what is printed.
"""

from __future__ import annotations

from typing import Any

from peers.differences import tables

PEERS = {
    "starlette": ("Starlette", "its tests of responses and of background tasks, over ASGI"),
    "sse_starlette": ("sse-starlette", "its tests of events and of its response, over ASGI"),
    "baize": ("baize", "its tests for WSGI, for ASGI and of ranges"),
    "werkzeug": ("Werkzeug", "its tests of what makes or reads a response"),
    "django": ("Django", "a part of its tests, each response of a view turned into one of ours"),
}

HEAD = """\
# Parity

The tests of other projects are run on our classes, from the source distributions of the versions that are installed:
`pytest tests/peers/test_starlette.py`, and so on. Each test that comes out otherwise than with the project's own
classes stands in a table, `tests/peers/*_differences.toml`, with its reason: a run fails by one that is missing there,
and says at its end which of them do not differ any more. Flask's own tests are run with the extension on every
application, and none of them differs.

A call by ASGI is made one by WSGI in a shim, `tests/peers/wsgi_over_asgi.py`: a thread for each answer, which is always
closed.
"""


def page() -> str:
    """Return the page as Markdown."""
    counts = ["| Project | What is run | Tests that differ | Reasons |", "|---|---|---|---|"]
    sections = []
    for peer, (name, run) in PEERS.items():
        found = tables(peer)
        counts.append(f"| {name} | {run} | {sum(len(table['tests']) for table in found)} | {len(found)} |")
        sections.append("\n".join([f"## {name}", "", "| Tests | Why | Where it stands |", "|---|---|---|"]))
        sections[-1] += "".join(f"\n{row(table)}" for table in found)
    return "\n".join([HEAD, *counts, ""]) + "\n" + "\n\n".join(sections) + "\n"


def row(table: dict[str, Any]) -> str:
    """Return a table as a row of the page."""
    reason = table["reason"].replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
    return f"| {len(table['tests'])} | {reason} | {linked(table['source'])} |"


def linked(source: str) -> str:
    """Return where it stands, with a link where that is a page of the documentation."""
    return "; ".join(f"[{part}](../{part})" if part.endswith(".md") else part for part in source.split("; "))


if __name__ == "__main__":
    print(page(), end="")
