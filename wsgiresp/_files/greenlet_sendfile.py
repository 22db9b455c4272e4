"""``sendfile`` under gunicorn's gevent worker: the kernel sends a file while other greenlets have their turns.

Theory of operation
-------------------
gunicorn sends a wrapped file that has a ``fileno()`` in two steps: the head, then ``socket.sendfile(file, ...)``. A
socket of gevent implements this method by ``file.read(8192)`` and ``send()`` in turns, since ``os.sendfile`` would
block the other greenlets. So the first ``read()`` of our reader comes after the head, and here it calls ``os.sendfile``
to the same socket itself, block after block, and returns no bytes: for gevent the file is at its end.

This is right only if the head is in the socket already, if the bytes of ``read()`` would go to the socket unchanged,
and for as many bytes as the head announces, which a middleware may have changed. All three follow from one condition:
the call comes from ``sendfile(file, offset, count)`` of that very socket, with this reader as its *file*. The reader
looks for the frame of this public method among its callers, once; see ``sockets.sendfile_count``. Otherwise it returns
blocks like any other: to a middleware that reads the file itself, and to gunicorn with TLS, with HTTP/2 or with
``--no-sendfile``, which iterates the file.

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
file systems whose page cache cannot be asked (no ``RWF_NOWAIT``), and on systems other than Linux. If the kernel cannot
send a file of this file system at all, the first call of ``os.sendfile`` raises, and the reader returns blocks.

Rejected: a second ``sendfile`` in the thread pool (see above); sending from an iterated body, since a middleware may
hold back the bytes before; and the count of the bytes written to the socket (``TCP_INFO``) as the proof that the head
is out: a middleware may have sent bytes of its own before it reads the file, and no count tells a shorter length.
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
from wsgiresp._runtime.sockets import sendfile_count

_sendfile: Any = getattr(os, "sendfile", None)  # not on Windows


class GreenletSendfileReader(SendfileRangeReader):
    """A range reader whose first ``read()`` from ``sendfile()`` of *connection* has the kernel send the range to it.

    *connection* is the socket of gunicorn's gevent worker. *source* is the source of ``read()`` otherwise. Raises
    ``EOFError`` if the file ends before *stop*.
    """

    __slots__ = ("_connection",)

    def __init__(
        self, opened: OpenFile, start: int, stop: int, steps: Iterable[Step], source: ByteSource, connection: Any
    ) -> None:
        super().__init__(opened, start, stop, steps, source)
        self._connection = connection

    def fileno(self) -> int:
        """Return the descriptor, positioned at the start of the range.

        Unlike with ``sendfile`` of a blocking socket, all bytes are sent by :meth:`read`, which raises if some are
        missing. So a middleware may ask for the descriptor and close the reader.
        """
        return self._opened.descriptor

    def read(self, size: int | None = -1) -> bytes:
        """Send the range and return no bytes; or return up to *size* bytes, if the range cannot be sent from here."""
        connection, self._connection = self._connection, None
        count = None if connection is None else sendfile_count(connection, self)
        if count is None:
            return super().read(size)
        first = self._position
        stop = min(first + count, self._stop) if count else self._stop
        polls = HubPolls()
        try:
            self._send(connection, stop, polls)
        except OSError:
            if self._position > first:
                raise
            # EINVAL and the like: this file cannot be sent so. Of a connection that is lost, send() raises the error.
            return super().read(size)
        finally:
            polls.close()
        return b""

    def _send(self, connection: Any, stop: int, polls: HubPolls) -> None:
        descriptor = self._opened.descriptor
        until_turn = BYTES_PER_TURN
        block_stop = self._position
        is_ready = False  # the block is in the page cache, as far as known
        while self._position < stop:
            if until_turn <= 0:
                until_turn = BYTES_PER_TURN
                polls.let_hub_poll()
            if self._position == block_stop:
                block_stop = min(block_stop + BYTES_PER_TURN, stop)
                is_ready = False
            if not is_ready and not is_cached(descriptor, block_stop - 1):
                run_in_threadpool(self._opened.read_at, (block_stop - self._position, self._position))
            is_ready = True
            try:
                # fileno() anew: another greenlet may have closed the socket, and the number may be another connection.
                sent = _sendfile(connection.fileno(), descriptor, self._position, block_stop - self._position)
            except BlockingIOError:
                wait_until_writable(connection.fileno())
                is_ready = False  # the block may have left the page cache meanwhile
                continue
            if not sent:
                raise self._shortfall(self._position)
            self._position += sent
            until_turn -= sent


def greenlet_sendfile_reader(
    opened: OpenFile, start: int, stop: int, steps: Iterable[Step], source: ByteSource, connection: Any
) -> GreenletSendfileReader | None:
    """Return a reader that sends *start* to *stop* of *opened* to *connection*; None if that is not possible."""
    if _sendfile is None or connection.gettimeout() is not None or not knows_page_cache(opened.descriptor, start):
        return None
    return GreenletSendfileReader(opened, start, stop, steps, source, connection)
