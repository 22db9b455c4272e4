"""Scenarios of files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from faults.fake_server import wrapper
from faults.parts import Record
from faults.primitives import user_part
from faults.scenarios import add

from wsgiresp.background import BackgroundTask
from wsgiresp.responses import FileResponse

CONTENT = bytes(range(256)) * 2400  # three blocks
SMALL = CONTENT[:1000]


def add_all(folder: Path) -> None:
    """Add the scenarios; their file is in *folder*."""
    add("file, iterated", _file(folder), CONTENT)
    add("file, by the file wrapper", _file(folder), CONTENT, **{"wsgi.file_wrapper": wrapper})
    add("file, beneath a root", _file(folder, "file.bin"), CONTENT)
    # openat2() leaves the decision to the comparison of the descriptors' paths.
    add("file, by an absolute link beneath a root", _file(folder, "link.bin"), CONTENT)
    add("file, one range", _file(folder), CONTENT[5:90], HTTP_RANGE="bytes=5-89")
    add("file, two ranges", _file(folder), _has_both_parts, HTTP_RANGE="bytes=0-299999,400000-400099")
    add("file, left early", _file(folder), lambda body: True, stop_after=1)
    add("file, dropped", lambda record: FileResponse(folder / "file.bin"), lambda body: True, stop_after=1, drops=True)
    add("file, delete_after", _deleted, SMALL)
    add("file object", _object, SMALL)


def write_file(folder: Path) -> None:
    """Write the file that most scenarios send, and a link to it."""
    (folder / "file.bin").write_bytes(CONTENT)
    (folder / "link.bin").symlink_to(folder.resolve() / "file.bin")


def _file(folder: Path, in_root: str | None = None) -> Any:
    def respond(record: Record) -> Any:
        path = in_root or folder / "file.bin"
        response = FileResponse(path, root=folder if in_root else None, background=BackgroundTask(record.task()))
        response.call_on_close(record.step())
        return response

    return respond


def _deleted(record: Record) -> Any:
    descriptor, name = tempfile.mkstemp(prefix="faults-")
    with open(descriptor, "wb") as file:
        file.write(SMALL)
    record.leftover = Path(name)
    return FileResponse(name, delete_after=True, background=BackgroundTask(record.task()))


def _object(record: Record) -> Any:
    record.expected["source closed"] += 1
    return FileResponse(_Handle(record), background=BackgroundTask(record.task()))


class _Handle:
    """A file object that is not seekable and counts its closes."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._left = SMALL
        self._is_closed = False

    def read(self, size: int = -1) -> bytes:
        user_part("source.step")
        chunk, self._left = self._left, b""
        return chunk

    def close(self) -> None:
        # As files do, it takes a second close.
        if not self._is_closed:
            self._is_closed = True
            self._record.happened["source closed"] += 1


def _has_both_parts(body: bytes) -> bool:
    return CONTENT[:300_000] in body and CONTENT[400_000:400_100] in body and body.endswith(b"--\r\n")
