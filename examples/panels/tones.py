"""A file of 19 MB, ten minutes of sound with another note in each: to be downloaded in parts, and to seek in."""

from __future__ import annotations

import base64
import functools
import hashlib
import math
import os
import struct
import wave
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from scratch import scratch_folder
from werkzeug.wrappers import Request

from wsgiresp.responses import FileResponse, JSONResponse, Response

RATE = 16_000  # samples a second, of 2 bytes
SECONDS = 60  # of each note
# The samples of one wave of each: a scale from 262 to 667 Hz.
PERIODS = (61, 54, 48, 45, 40, 36, 32, 30, 27, 24)
LOUDNESS = 3000  # of 32767
WRITTEN = 1_640_995_200  # the first moment of 2022: the file of the next worker is the same version


class Tones(NamedTuple):
    """The file, and the SHA-256 of its content."""

    path: Path
    digest: bytes


class Asked(NamedTuple):
    """A request for the file, as its fields had it, and its answer."""

    query: str
    range: str
    status: int
    content_range: str


asked: deque[Asked] = deque(maxlen=20)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """FileResponse: the file, with its digest, and a note of what was asked of it"""

    def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        fields = dict(headers)
        part = environ.get("HTTP_RANGE", "")
        asked.append(Asked(environ.get("QUERY_STRING", ""), part, int(status[:3]), fields.get("Content-Range", "")))
        return start_response(status, headers, *rest)

    return tones_response()(environ, noting)


def requests(request: Request) -> Response:
    """JSONResponse: the last requests for the file, oldest first"""
    return JSONResponse([found._asdict() for found in asked], headers={"Cache-Control": "no-store"})


@functools.cache
def tones_response() -> FileResponse:
    """Return the response with the file; it is made with the first one."""
    tones = write_tones(scratch_folder("tones"))
    return FileResponse(
        tones.path,
        media_type="audio/wav",
        headers={
            # Every worker writes the same, so a part of it can be had from the next one, too.
            "ETag": f'"{tones.digest.hex()}"',
            # RFC 9530, Section 3: of the whole, in an answer with a part as well.
            "Repr-Digest": f"sha-256=:{base64.b64encode(tones.digest).decode()}:",
            # No copy in the browser, which would hide the requests that are to be seen.
            "Cache-Control": "no-store",
        },
    )


def write_tones(folder: Path) -> Tones:
    """Write the file to *folder*."""
    path = folder / "tones.wav"
    with wave.open(os.fspath(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for period in PERIODS:
            one = [round(LOUDNESS * math.sin(2 * math.pi * i / period)) for i in range(period)]
            sound.writeframes((struct.pack(f"<{period}h", *one) * (RATE * SECONDS // period + 1))[: 2 * RATE * SECONDS])
    os.utime(path, (WRITTEN, WRITTEN))
    with path.open("rb") as file:
        return Tones(path, hashlib.file_digest(file, "sha256").digest())
