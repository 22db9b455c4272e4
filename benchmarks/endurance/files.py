"""Visitors of files: whole ones, parts, copies that are still good, and downloads that are given up."""

from __future__ import annotations

import re
import time

from servers.http_client import Answer

from .visitors import Visitor, WrongAnswerError, require

LARGE = ("/flask/download", "/django/download")
SMALL = ("/file", "/data/weather.csv")
STREAMED = ("/flask/video", "/django/video")

Pair = tuple[int, int]  # start and stop, half-open


class Ranges(Visitor):
    """Asks for parts of a file, and gets their bytes and no others."""

    kind = "files: ranges"
    pause = 0.1

    def visit(self) -> None:
        target = self.fate(*SMALL, *LARGE)
        content = self.run.files[target]
        count = self.fate(1, 1, 1, 2, 3, 9)
        pairs = [self._pair(len(content)) for _ in range(count)]
        asked = ",".join(self._text(*pair, len(content)) for pair in pairs)
        answer = self.exchange("GET", target, ("Range", f"bytes={asked}"))
        _require_parts(f"{target} {asked}", answer, pairs, content)

    def _pair(self, length: int) -> Pair:
        start = self.chance.randrange(length)
        return start, min(length, start + self.fate(1, 100, 4096, 262144, 300000))

    def _text(self, start: int, stop: int, length: int) -> str:
        if stop == length:
            return self.fate(f"{start}-", f"-{length - start}", f"{start}-{length + 5}")
        return f"{start}-{stop - 1}"


class Conditions(Visitor):
    """Asks on conditions: if it is not what it has, if it is still what it was, and with ranges that cannot be met."""

    kind = "files: conditions"
    pause = 0.1

    def visit(self) -> None:
        target = self.fate(*SMALL)
        content = self.run.files[target]
        head = self.exchange("HEAD", target)
        require((head.status, head.body) == (200, b""), f"HEAD {target}", head)
        [tag], [modified] = head.values("ETag"), head.values("Last-Modified")
        other, past = '"other"', "Sat, 01 Jan 2000 00:00:00 GMT"
        part = ("Range", "bytes=10-19")
        fields, status, body = self.fate(
            ([("If-None-Match", f'"x", {tag}')], 304, b""),
            ([("If-None-Match", f"W/{tag}")], 304, b""),
            ([("If-None-Match", other)], 200, content),
            ([("If-Modified-Since", modified)], 304, b""),
            ([("If-Modified-Since", past)], 200, content),
            ([("If-Match", other)], 412, None),
            ([("If-Match", tag), part], 206, content[10:20]),
            ([("If-Unmodified-Since", past)], 412, None),
            ([("If-Range", tag), part], 206, content[10:20]),
            ([("If-Range", other), part], 200, content),
            ([("If-Range", f"W/{tag}"), part], 200, content),
            ([("If-Range", past), part], 200, content),
            ([("Range", "bytes=abc")], 200, content),
            ([("Range", "bytes=9-1")], 200, content),
            ([("Range", "lines=0-3")], 200, content),
            ([("Range", f"bytes={len(content)}-")], 416, None),
            ([("Range", "bytes=-0")], 416, None),
        )
        answer = self.exchange("GET", target, *fields)
        require(answer.status == status, f"{target} {fields!r}", answer.status)
        require(body is None or answer.body == body, f"{target} {fields!r}", answer.body)
        if status == 416:
            require(answer.values("Content-Range") == [f"bytes */{len(content)}"], target, answer.fields)


class Downloads(Visitor):
    """Downloads all of a large file, by the server or as a stream."""

    kind = "files: whole"
    pause = 5.0

    def visit(self) -> None:
        target = self.fate(*LARGE, *STREAMED)
        answer = self.exchange("GET", target)
        require(answer.status == 200, target, answer.status)
        require(answer.body == self.run.files[target], f"{target} has {len(answer.body)} bytes", answer.body[:20])


class Leavers(Visitor):
    """Give up a download before its end, in order or by a reset; what came until then is right."""

    kind = "files: given up"
    pause = 0.2

    def visit(self) -> None:
        target = self.fate(*LARGE, *STREAMED)
        content = self.run.files[target]
        enough = self.fate(0, 1, 100_000, 1_000_000, 4_000_000)
        connection = self.connected()
        began = time.perf_counter()
        connection.request("GET", target)
        head = connection.head()
        self.count(began)
        require(head.status == 200, target, head.status)
        received = bytearray()
        pieces = connection.pieces(head)
        while len(received) < enough:
            received += next(pieces)
        require(content.startswith(received), target, len(received))
        self.run.left[self.kind] += 1
        self.leave(crash=self.fate(True, False))


def _require_parts(asked: str, answer: Answer, pairs: list[Pair], content: bytes) -> None:
    if answer.status == 200:
        # Its framing would have made the answer larger than the file.
        require(len(pairs) > 1 and answer.body == content, asked, len(answer.body))
        return
    require(answer.status == 206, asked, answer.status)
    [media_type] = answer.values("Content-Type")
    boundary = re.fullmatch("multipart/byteranges; boundary=([0-9a-f]+)", media_type)
    parts = _parts(answer.body, boundary[1]) if boundary else [(answer.values("Content-Range")[0], answer.body)]
    got: list[Pair] = []
    for field, body in parts:
        interval = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", field)
        if interval is None:
            raise WrongAnswerError(f"{asked}: {field!r}")
        first, last, length = map(int, interval.groups())
        require(length == len(content), asked, field)
        require(body == content[first : last + 1], f"{asked}: other bytes for {field}", len(body))
        got.append((first, last + 1))
    missed = [pair for pair in pairs if not any(start <= pair[0] and pair[1] <= stop for start, stop in got)]
    added = [part for part in got if part[0] not in {start for start, _ in pairs}]
    require(not missed and not added, f"{asked} was answered by {got!r}, without", missed)


def _parts(body: bytes, boundary: str) -> list[tuple[str, bytes]]:
    """The Content-Range and the content of each part (RFC 2046, Section 5.1.1)."""
    first, *parts = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    require(first == b"" and parts.pop() in (b"--", b"--\r\n"), "no parts", body[:100])
    found = []
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        [field] = re.findall(r"\r\nContent-Range: ([^\r\n]+)", head.decode("latin-1"))
        found.append((field, content))
    return found
