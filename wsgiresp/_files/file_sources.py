"""Where the content of a FileResponse comes from: a path that is opened for each request, or an object that is open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from wsgiresp._files.file_objects import OpenHandle, require_binary
from wsgiresp._files.range_reader import RangeReader, UnsizedReader
from wsgiresp._files.safe_open import OpenFile, not_found, open_regular, require_regular, stat_regular, unlink

CAN_DELETE_WHAT_IS_OPEN = os.name == "posix"


class PathSource:
    """The regular file at *path*, in the folder *root* if one is given; iterated, it is opened and read to its end.

    Raises what :func:`wsgiresp._files.safe_open.open_regular` does for a file that cannot be sent. *status*, what
    ``stat`` says of the path, saves a look at it.
    """

    __slots__ = ("path", "root")

    def __init__(self, path: str, root: str | None = None, status: os.stat_result | None = None) -> None:
        self.path = path
        self.root = root
        if status is None or root is not None:
            stat_regular(path, root)
        else:
            require_regular(status, path)

    def open(self) -> OpenFile:
        """Return the file, open."""
        return open_regular(self.path, self.root)

    def real_path(self) -> str:
        """Return the absolute path of the file, without links; for servers that open it themselves."""
        place = os.path.realpath(self._joined())
        if self.root is not None and not place.startswith(os.path.realpath(self.root).rstrip(os.sep) + os.sep):
            raise not_found(self.path)
        return place

    def delete(self) -> None:
        """Remove the file, from nowhere but *root*; no error if somebody else was first."""
        unlink(self.path, self.root)

    def __iter__(self) -> Iterator[bytes]:
        opened = self.open()
        body = RangeReader(opened, 0, opened.length)
        try:
            yield from body
        finally:
            body.close()

    def _joined(self) -> str:
        return self.path if self.root is None else os.path.join(self.root, self.path)


class HandleSource:
    """The file object *handle*, open in binary mode, from where it stands; ``TypeError`` for one that gives text."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        require_binary(handle)
        self._handle = handle

    def open(self) -> OpenHandle:
        """Return the object as a source."""
        return OpenHandle(self._handle)

    def __iter__(self) -> Iterator[bytes]:
        return iter(UnsizedReader(self.open(), ()))


class DeleteFile:
    """The step that removes the file of *source*, once: by then another file may have its name."""

    __slots__ = ("_source",)

    def __init__(self, source: PathSource) -> None:
        self._source: PathSource | None = source

    def __call__(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.delete()

    def __repr__(self) -> str:
        return "the deletion of a file that was sent"
