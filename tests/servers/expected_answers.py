"""Expected answers of the routes of the applications here, and the comparison of an answer with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from .http_client import Answer, Fields

# Fields that are the server's own.
OF_THE_SERVER = {"connection", "date", "keep-alive", "server", "transfer-encoding"}

TEXT = ("content-type", "text/plain; charset=utf-8")
OCTETS = ("content-type", "application/octet-stream")
JSON = ("content-type", "application/json")
JSON_LINES = ("content-type", "application/jsonl")
EVENT_STREAM = ("content-type", "text/event-stream; charset=utf-8")
CSV = ("content-type", "text/csv; charset=utf-8")

DOCUMENT = '{"price":1.10,"day":"2024-02-29","name":"Grüße"}'.encode()
LINES = '{"price":1.10,"day":"2024-02-29"}\n"Grüße"\nnull\n'.encode()
CHUNKS = "Grüße\n".encode() + b"\x00\xff\r\n" + b"0123456789abcdef" * 16384
EVENTS = (
    b": open\nretry: 3000\n"
    b"data: plain\ndata: text\n\n"
    b'event: price\nid: 1\ndata: {"price":1.10}\n\n'
    b": one\n: two\n" + "id: ü\nretry: 10\ndata: Grüße\n\n".encode() + b"data: [1,null]\n\n"
)
FILE = (Path(__file__).parents[2] / "examples" / "data" / "weather.csv").read_bytes()


class Row(NamedTuple):
    """The expected answer of a route; :attr:`sent` adds a Content-Length.

    *length*: what it says, -1 where that is the length of *body*, None where the answer has none. *asked*: the fields
    of the request.
    """

    target: str
    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes
    length: int | None = -1
    asked: Fields = ()

    @property
    def sent(self) -> list[tuple[str, str]]:
        """All fields, by name; those of one name in their order."""
        length = len(self.body) if self.length == -1 else self.length
        return by_name([*self.fields, *([] if length is None else [("content-length", str(length))])])


def by_name(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return *fields* sorted by their names alone."""
    return sorted(fields, key=lambda field: field[0])


def app_fields(answer: Answer, *left_out: str) -> list[tuple[str, str]]:
    """Return the fields of *answer* that the app set, by name, but for those *left out*."""
    fields = [(name.lower(), value) for name, value in answer.fields]
    return by_name([field for field in fields if field[0] not in OF_THE_SERVER.union(left_out)])


def with_boundary(answer: Answer, boundary: str) -> Answer:
    """Return *answer* as it would be with *boundary* between its parts, where it has parts; of the same length."""
    fields = dict(app_fields(answer))
    match = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-f]+)", fields.get("content-type", ""))
    if match is None:
        return answer
    assert len(match[1]) == len(boundary)
    return Answer(
        answer.version,
        answer.status,
        answer.reason,
        tuple((name, value.replace(match[1], boundary)) for name, value in answer.fields),
        answer.body.replace(match[1].encode(), boundary.encode()),
    )
