"""Matrix of the expected answers of each response class, and the versions of HTTP in which they are requested.

See ``test_matrix.py``, and ``apps/matrix.py`` for the other end.
"""

from __future__ import annotations

from .expected_answers import (
    CHUNKS,
    CSV,
    DOCUMENT,
    EVENT_STREAM,
    EVENTS,
    FILE,
    JSON,
    JSON_LINES,
    LINES,
    OCTETS,
    TEXT,
    Row,
)

BOUNDARY = "0123456789abcdef" * 2
SAVED = [("accept-ranges", "bytes"), ("content-disposition", 'attachment; filename="wetter.csv"')]
LIVE = [("cache-control", "no-cache, no-transform"), ("x-accel-buffering", "no")]
OK, PART = (200, "OK"), (206, "Partial Content")


def part(first: int, last: int) -> bytes:
    """The head of a part of the file, and its bytes."""
    fields = f"Content-Type: {CSV[1]}\r\nContent-Range: bytes {first}-{last}/{len(FILE)}\r\n\r\n"
    return f"--{BOUNDARY}\r\n{fields}".encode() + FILE[first : last + 1] + b"\r\n"


def of_bytes(value: str) -> tuple[str, str]:
    """The Content-Range of the file."""
    return ("content-range", f"bytes {value}/{len(FILE)}")


ROWS = [
    Row("/str", *OK, [TEXT], "Grüße\n".encode()),
    Row("/bytes", *OK, [OCTETS], b"\x00\xff\r\n"),
    Row("/text", *OK, [TEXT], "Grüße\n".encode()),
    Row("/html", *OK, [("content-type", "text/html; charset=utf-8")], "<h1>ü</h1>".encode()),
    Row("/json", *OK, [JSON], DOCUMENT),
    Row("/orjson", *OK, [JSON], DOCUMENT),
    Row("/ujson", *OK, [JSON], DOCUMENT),
    Row("/redirect", 307, "Temporary Redirect", [TEXT, ("location", "/a%20b/%C3%BC?q=1")], b""),
    Row("/no-content", 204, "No Content", [], b"", None),
    Row("/file", *OK, [CSV, *SAVED], FILE),
    Row("/file-object", *OK, [("content-type", "image/png"), SAVED[0]], FILE),
    Row("/chunks", *OK, [OCTETS], CHUNKS, None),
    Row("/async-chunks", *OK, [OCTETS], CHUNKS, None),
    Row("/stream-of-a-file", *OK, [CSV], b"0123456789abcdef" * 16384, None),
    Row("/empty-stream", *OK, [OCTETS], b"", None),
    Row("/lines", *OK, [JSON_LINES], LINES, None),
    Row("/async-lines", *OK, [JSON_LINES], LINES, None),
    Row("/events", *OK, [EVENT_STREAM, *LIVE], EVENTS, None),
    Row("/async-events", *OK, [EVENT_STREAM, *LIVE], EVENTS, None),
]
PARTS = [
    Row("/file", *PART, [CSV, *SAVED, of_bytes("0-9")], FILE[:10], asked=(("Range", "bytes=0-9"),)),
    Row("/file", *PART, [CSV, *SAVED, of_bytes("35400-35419")], FILE[-20:], asked=(("Range", "bytes=-20"),)),
    Row(
        "/file",
        *PART,
        [("content-type", f"multipart/byteranges; boundary={BOUNDARY}"), *SAVED],
        part(0, 9) + part(100, 20000) + f"--{BOUNDARY}--\r\n".encode(),
        asked=(("Range", "bytes=0-9,100-20000"),),
    ),
    Row(
        "/file-object",
        *PART,
        [("content-type", "image/png"), SAVED[0], of_bytes("5-9")],
        FILE[5:10],
        asked=(("Range", "bytes=5-9"),),
    ),
    Row("/file", 416, "Range Not Satisfiable", [TEXT, of_bytes("*")], b"", asked=(("Range", "bytes=99999-"),)),
]
ON_CONDITION = [
    Row("/file", 304, "Not Modified", [], b"", None, (("If-None-Match", "*"),)),
    Row("/file", 412, "Precondition Failed", [TEXT], b"", asked=(("If-Match", '"other"'),)),
]
WAYS = {
    "HTTP/1.0": ("HTTP/1.0", ()),
    "HTTP/1.0, to be kept": ("HTTP/1.0", (("Connection", "keep-alive"),)),
    "HTTP/1.1": ("HTTP/1.1", ()),
    "HTTP/1.1, to be closed": ("HTTP/1.1", (("Connection", "close"),)),
}
KEPT = ("HTTP/1.0, to be kept", "HTTP/1.1")


def name_of(row: Row) -> str:
    """Return what *row* asks for."""
    return " ".join([row.target, *(value for _, value in row.asked)])
