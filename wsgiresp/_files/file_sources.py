"""Where the content of a FileResponse comes from: a path that is opened for each request, or an object that is open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from wsgiresp._files.file_objects import FileObject, require_binary
from wsgiresp._files.range_reader import Stream, Window
from wsgiresp._files.safe_open import OpenFile, examine, missing, open_regular, require_regular, unlink

CAN_DELETE_WHAT_IS_OPEN = os.name == "posix"


class FileAtPath:
    """The regular file at *path*, in the folder *root* if one is given; iterated, it is opened and read to its end.

    Raises what :func:`wsgiresp._files.safe_open.open_regular` does for a file that cannot be sent. *status*, what
    ``stat`` says of the path, saves a look at it.
    """

    __slots__ = ("path", "root")

    def __init__(self, path: str, root: str | None = None, status: os.stat_result | None = None) -> None:
        self.path = path
        self.root = root
        if status is None or root is not None:
            examine(path, root)
        else:
            require_regular(status, path)

    def open(self) -> OpenFile:
        """Return the file, open."""
        return open_regular(self.path, self.root)

    def place(self) -> str:
        """Return the absolute path of the file, without links; for servers that open it themselves."""
        place = os.path.realpath(self._joined())
        if self.root is not None and not place.startswith(os.path.realpath(self.root).rstrip(os.sep) + os.sep):
            raise missing(self.path)
        return place

    def delete(self) -> None:
        """Remove the file, from nowhere but *root*; no error if somebody else was first."""
        unlink(self.path, self.root)

    def __iter__(self) -> Iterator[bytes]:
        opened = self.open()
        body = Window(opened, 0, opened.length)
        try:
            yield from body
        finally:
            body.close()

    def _joined(self) -> str:
        return self.path if self.root is None else os.path.join(self.root, self.path)


class FileInHand:
    """The file object *handle*, open in binary mode, from where it stands; ``TypeError`` for one that gives text."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        require_binary(handle)
        self._handle = handle

    def open(self) -> FileObject:
        """Return the object as a source."""
        return FileObject(self._handle)

    def __iter__(self) -> Iterator[bytes]:
        return iter(Stream(self.open(), ()))


class Deletion:
    """The step that removes the file of *source*, once: by then another file may have its name."""

    __slots__ = ("_source",)

    def __init__(self, source: FileAtPath) -> None:
        self._source: FileAtPath | None = source

    def __call__(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.delete()

    def __repr__(self) -> str:
        return "the deletion of a file that was sent"
