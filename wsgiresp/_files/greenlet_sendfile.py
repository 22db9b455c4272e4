"""``sendfile`` under gunicorn's gevent worker: the kernel sends a file while other greenlets have their turns.

Theory of operation
-------------------
gunicorn sends a wrapped file that has a ``fileno()`` in two steps: the head, then ``socket.sendfile(file, ...)``. A
socket of gevent implements this method by ``file.read(8192)`` and ``send()`` in turns, since ``os.sendfile`` would
block the other greenlets. So the first ``read()`` of our reader comes after the head, and here it calls ``os.sendfile``
to the same socket itself, block after block, and returns no bytes: for gevent the file is at its end.

This is right only if the head is in the socket already, and if the bytes of ``read()`` would go to the socket
unchanged. Two conditions ensure it, without a look at private names of gevent or gunicorn:

* ``fileno()`` was called. A middleware that reads the file wrapper itself does not call it; neither does gunicorn with
  TLS, with HTTP/2 or with ``--no-sendfile``. It then iterates the reader, which returns blocks like any other.
* bytes have been written to the connection since the reader was made, by the count of the kernel (``TCP_INFO``).

If the second one does not hold, the reader returns bytes, and this process tries it with no further download: where a
kernel does not count, the 8 KiB of gevent are slower than blocks of our own.

======================  =====================================================================================
Block                   What happens
======================  =====================================================================================
in the page cache       ``os.sendfile`` in the greenlet; it does not wait, since the socket is non-blocking
not in the page cache   it is read in a thread of the hub's pool first, while the greenlet waits
socket buffer is full   the greenlet waits until the socket can take bytes
after each block        the greenlet yields to the hub, see ``cooperative_read``
======================  =====================================================================================

Greenlets and threads: the greenlet of the request makes all calls and writes all attributes. A thread of the pool only
reads the file, and never writes to the socket: after a kill of the greenlet, its descriptor may be another connection.

No bytes of the file are in the process, so a stalled client costs no block. gunicorn does not count what ``sendfile``
sends, so its access log reports 0 bytes, as with its other workers and with a file of any other library. Not used: on
file systems whose page cache cannot be asked (no ``RWF_NOWAIT``), on Unix sockets, and on systems other than Linux.

Rejected: a second ``sendfile`` in the thread pool (see above); a look at the calling frame, which names private
functions; and sending from an iterated body, since a middleware may hold back the bytes before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from wsgiresp._files.cooperative_read import BYTES_PER_TURN, is_cached, knows_page_cache
from wsgiresp._files.range_reader import ByteSource, SendfileRangeReader
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._runtime.close_order import Step
from wsgiresp._runtime.hubs import HubPolls, run_in_threadpool, wait_until_writable
from wsgiresp._runtime.process import ProcessPart, part
from wsgiresp._runtime.sockets import bytes_written

_sendfile: Any = getattr(os, "sendfile", None)  # not on Windows


class GreenletSendfile(ProcessPart):
    """Whether this process may send files in this way. ``is_usable`` turns False if the kernel counts no bytes."""

    def __init__(self) -> None:
        self.is_usable = _sendfile is not None


class GreenletSendfileReader(SendfileRangeReader):
    """A range reader whose first ``read()`` after ``fileno()`` has the kernel send the whole range to *connection*.

    *connection* is the socket of gunicorn's gevent worker, to which *written* bytes have been written up to now.
    *source* is the source of ``read()`` otherwise. Raises ``EOFError`` if the file ends before *stop*.
    """

    __slots__ = ("_connection", "_written")

    def __init__(
        self,
        opened: OpenFile,
        start: int,
        stop: int,
        steps: Iterable[Step],
        source: ByteSource,
        connection: Any,
        written: int,
    ) -> None:
        super().__init__(opened, start, stop, steps, source)
        self._connection = connection
        self._written = written

    def read(self, size: int | None = -1) -> bytes:
        """Send the range and return no bytes; or return up to *size* bytes, if the range cannot be sent from here."""
        connection, self._connection = self._connection, None
        if connection is None or not self._is_lent:
            return super().read(size)
        if (bytes_written(connection) or 0) <= self._written:
            part(GreenletSendfile).is_usable = False
            return super().read(size)
        polls = HubPolls()
        try:
            self._send(connection.fileno(), self._opened.descriptor, polls)
        finally:
            polls.close()
        return b""

    def _send(self, connection: int, descriptor: int, polls: HubPolls) -> None:
        until_turn = BYTES_PER_TURN
        while (left := self._stop - self._position) > 0:
            if until_turn <= 0:
                until_turn = BYTES_PER_TURN
                polls.let_hub_poll()
            count = min(left, BYTES_PER_TURN)
            if not is_cached(descriptor, self._position + count - 1):
                run_in_threadpool(self._opened.read_at, (count, self._position))
            try:
                sent = _sendfile(connection, descriptor, self._position, count)
            except BlockingIOError:
                wait_until_writable(connection)
                continue
            if not sent:
                raise self._shortfall(self._position)
            self._position += sent
            until_turn -= sent


def greenlet_sendfile_reader(
    opened: OpenFile, start: int, stop: int, steps: Iterable[Step], source: ByteSource, connection: Any
) -> GreenletSendfileReader | None:
    """Return a reader that sends *start* to *stop* of *opened* to *connection*; None if that is not possible."""
    if not part(GreenletSendfile).is_usable or connection.gettimeout() is not None:
        return None
    written = bytes_written(connection)
    if written is None or not knows_page_cache(opened.descriptor, start):
        return None
    return GreenletSendfileReader(opened, start, stop, steps, source, connection, written)
