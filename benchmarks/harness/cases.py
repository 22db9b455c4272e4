"""The answers that are timed, and what makes an answer right. No framework here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wsgiresp._protocol.event_reader import EventReader

from .answers import Answer

TEXT = "Hello, world!"
TARGET = "/elsewhere?from=here"
ORIGIN = "http://127.0.0.1:8000"
HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Request-Id": "8a6e0804-2bd0"}
SMALL = {"message": TEXT}


@dataclass(frozen=True)
class Case:
    """One answer, asked of every candidate; what is ``None`` or empty is left to the candidate."""

    name: str
    method: str = "GET"
    path: str = "/"
    status: int = 200
    body: bytes | None = None
    document: Any = None
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[frozenset[str], ...] = ()

    def fault(self, answer: Answer) -> str | None:
        """Return what is wrong with *answer*, ``None`` where it is the answer that was asked for."""
        if answer.status != self.status:
            return f"status {answer.status}, not {self.status}"
        if self.body is not None and answer.body != self.body:
            return f"body {answer.body[:40]!r}, not {self.body[:40]!r}"
        if self.document is not None and json.loads(answer.body) != self.document:
            return f"body is another document: {answer.body[:40]!r}"
        if self.media_type and [value.partition(";")[0] for value in answer.values("Content-Type")] != [
            self.media_type
        ]:
            return f"Content-Type {answer.values('Content-Type')}, not {self.media_type}"
        for name, value in self.headers.items():
            # WebOb makes a Location absolute.
            if [text.removeprefix(ORIGIN) for text in answer.values(name)] != [value]:
                return f"{name} {answer.values(name)}, not {value!r}"
        return self._fault_of_cookies(answer.values("Set-Cookie"))

    def _fault_of_cookies(self, lines: list[str]) -> str | None:
        if len(lines) != len(self.cookies):
            return f"Set-Cookie {lines}"
        for line, attributes in zip(lines, self.cookies, strict=True):
            absent = attributes - {part.strip().lower() for part in line.split(";")}
            if absent:
                return f"Set-Cookie {line!r} lacks {sorted(absent)}"
        return None


def objects(count: int) -> list[dict[str, Any]]:
    """Return *count* rows as a small shop would send them: numbers, text, a flag, a list, a nested object."""
    return [
        {
            "id": number,
            "name": f"Article {number}",
            "price": number * 1.25,
            "available": number % 3 != 0,
            "tags": ["garden", "summer"],
            "size": {"width": number % 40, "height": 12.5},
        }
        for number in range(count)
    ]


class Event(NamedTuple):
    """One server-sent event whose data is text."""

    data: str
    event: str | None = None
    id: str | None = None

    def fault(self, block: bytes) -> str | None:
        """Return what is wrong with *block*, ``None`` where a reader gets this event and no other out of it."""
        lines = self.data.replace("\r\n", "\n").replace("\r", "\n")
        found = EventReader().feed(block)
        if found != [(self.event or "message", lines, self.id or "")]:
            return f"a reader gets {str(found)[:80]}"
        return None


def _plain(name: str, method: str = "GET", body: bytes = TEXT.encode(), **more: Any) -> Case:
    return Case(name, method, body=body, media_type="text/plain", **more)


DISPATCH = (
    _plain("text"),
    _plain("text + 3 headers", headers=HEADERS),
    _plain(
        "text + 2 cookies",
        cookies=(
            frozenset({"session=38afes7a8", "max-age=3600", "path=/", "httponly", "samesite=lax"}),
            frozenset({"theme=dark", "path=/", "samesite=lax"}),
        ),
    ),
    Case("redirect", status=307, headers={"Location": TARGET}),
    _plain("HEAD", "HEAD", body=b""),
    _plain("text + background"),
)
"""The cases of ``bench_dispatch``."""

DOCUMENTS: dict[str, Any] = {"1 key": SMALL, "50 objects": objects(50), "5000 objects": objects(5000)}
"""The documents of ``bench_json``."""

EVENTS = {
    "short": Event("Hello, world!"),
    "200 B + event + id": Event("temperature=21.5;" * 12, event="measured", id="1048576"),
    "10 lines": Event("\n".join(f"line {number} of a short log" for number in range(10))),
    "10 KB": Event("0123456789abcdef" * 640),
    "CRLF, CR and LF": Event("first line\r\nsecond line\rthird line\nfourth line\r\n\r\nlast line"),
}
"""The events of ``bench_sse_encode``."""
