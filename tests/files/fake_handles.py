"""File objects that refuse to seek, each in its own way, as libraries have them."""

from __future__ import annotations

import io
import os

CONTENT = b"0123456789"


class NotSeekable(io.RawIOBase):
    """A raw file that cannot seek and says so, as a pipe."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(buffer)


class Refusing:
    """An object with all methods of a file, whose *method* raises *error*; it has moved before if *moves*."""

    closed = False

    def __init__(self, method, error, *, moves=False, returns=True):
        self._file = io.BytesIO(CONTENT)
        self._method = method
        self._error = error
        self._moves = moves
        self._returns = returns
        self._file.seek(2)

    def read(self, size=-1):
        return self._file.read(size)

    def seekable(self):
        self._refuse("seekable")
        return True

    def tell(self):
        self._refuse("tell")
        return self._file.tell()

    def seek(self, offset, whence=os.SEEK_SET):
        if whence == os.SEEK_END:
            if self._moves:
                self._file.seek(5)
            self._refuse("seek")
        elif not self._returns:
            raise OSError("it only goes forward")
        return self._file.seek(offset, whence)

    def close(self):
        self.closed = True

    def _refuse(self, method):
        if method == self._method:
            raise self._error


class StreamedHTTP(io.IOBase):
    """fsspec's HTTPStreamFile: ``seekable()`` is True, and each seek but that to where it stands is a ValueError."""

    def __init__(self, content):
        self._file = io.BytesIO(content)
        self.loc = 0

    def readable(self):
        return True

    def seekable(self):
        return self.readable()

    def tell(self):
        return self.loc

    def seek(self, loc, whence=0):
        if loc == 0 and whence == 1:
            return
        if loc == self.loc and whence == 0:
            return
        raise ValueError("Cannot seek streaming HTTP file")

    def read(self, num=-1):
        chunk = self._file.read(num)
        self.loc += len(chunk)
        return chunk


class UnknownSize(StreamedHTTP):
    """fsspec's AbstractBufferedFile over a server that does not tell the size: the end is ``None + 0``."""

    size = None

    def seek(self, loc, whence=0):
        places = {0: lambda: loc, 1: lambda: self.loc + loc, 2: lambda: self.size + loc}
        self.loc = self._file.seek(places[whence]())
        return self.loc


class WithoutWhence(io.BytesIO):
    """An object whose ``seek()`` takes an offset alone."""

    def seek(self, offset):
        return super().seek(offset)


class IgnoringWhence(io.BytesIO):
    """An object whose ``seek()`` takes every offset as one from the start."""

    def seek(self, offset, whence=0):
        return super().seek(offset)
