"""Transfer of a stream over the connection of its request: how the client is made to see that a body is incomplete.

Nothing is done to a connection that other streams share (HTTP/2): it belongs to the server. The methods are called in
the thread of the reader, :meth:`Transfer.break_off` in any thread.
"""

from __future__ import annotations

from typing import Any

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.sockets import end_requests, reset_at_close, reset_connection, resets_at_close, shut_connection
from wsgiresp._streams.write_timeout import written


class Transfer:
    """The transfer of one body by *server*; *length*: the bytes that Content-Length announces, None without one.

    ``connection``: the socket, None if it is not exposed or not this body's alone.
    """

    __slots__ = ("_is_delimited", "_written_before", "connection")

    def __init__(self, server: ServerProfile, length: int | None) -> None:
        self.connection: Any = None if server.shares_connection else server.connection
        # Otherwise the body ends with its connection (HTTP/1.0), and a FIN means that it is complete.
        self._is_delimited = length is not None or not server.is_http_1_0
        self._written_before: tuple[int, ...] | None = None  # what written() gave before this body

    def begin(self) -> None:
        """From now on, have the connection reset if it is closed: a part of the body must not look like the whole."""
        if not self._is_delimited and self.connection is not None:
            self._written_before = written(self.connection)
            reset_at_close(self.connection)

    def complete(self) -> None:
        """Undo :meth:`begin`: the whole body was handed to the server, so the connection may be closed in order."""
        if self._resets_at_close():
            reset_at_close(self.connection, is_partial=False)

    def fail(self) -> None:
        """Break the transfer off if the server would end the body as if it were complete: an iteration failed."""
        if not self._is_delimited:
            self.break_off()

    def interrupt(self) -> None:
        """Break the transfer off if a part of the body was sent: a kill or a timeout has interrupted the server.

        If nothing was written since :meth:`begin`, middleware has read the body and sends another answer instead.
        """
        if not self._resets_at_close():
            return
        if self._is_unwritten():
            reset_at_close(self.connection, is_partial=False)
        else:
            self.break_off()

    def note_dropped(self) -> None:
        """Leave the connection to another answer if nothing was written since :meth:`begin`; for a finalizer."""
        if self._resets_at_close() and self._is_unwritten():
            reset_at_close(self.connection, is_partial=False)

    def break_off(self) -> None:
        """Make the client see that the body is incomplete."""
        if self.connection is None:
            return
        if self._is_delimited:
            shut_connection(self.connection)
        else:
            reset_connection(self.connection)

    def end_requests(self) -> None:
        """Have the server read no further request from the connection: keep-alive would delay the end of the worker."""
        if self.connection is not None:
            end_requests(self.connection)

    def _resets_at_close(self) -> bool:
        return not self._is_delimited and self.connection is not None and resets_at_close(self.connection)

    def _is_unwritten(self) -> bool:
        return self._written_before is not None and written(self.connection) == self._written_before
