"""The answers that are timed, and what makes an answer right. No framework here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
