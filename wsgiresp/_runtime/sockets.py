"""Half-close and reset of a connection that belongs to the server."""

from __future__ import annotations

import _socket
import contextlib
import os
import socket
import struct
from typing import Any

from gevent import monkey

PlainSocket: Any = monkey.get_original("socket", "socket")
"""The class of sockets that block, also where gevent has put its own in the place of that."""

_socketpair: Any = getattr(_socket, "socketpair", None)  # not on Windows


def shut_connection(connection: Any, how: int = socket.SHUT_RDWR) -> None:
    """Shut the connection down in both directions, so that nothing more is sent on it: what is missing stays missing.

    *how*: SHUT_RD for reading alone, so that whoever waits for a request finds the end.
    """
    # Through another object for it: that of TLS would go on unencrypted, that of gevent belongs to its hub.
    with contextlib.suppress(OSError, ValueError), PlainSocket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(how)


def reset_connection(connection: Any) -> None:
    """Send RST, and give the server's descriptor another socket, whose other end is closed already.

    For a body that ends with its connection (HTTP/1.0): FIN would mean success, so only RST tells that it was cut.
    What the server would do at the end comes too late to reset anything: a ``shutdown()`` tells the client that all is
    well, whatever ``close()`` does afterwards (RFC 9293, Section 3.6).
    """
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if _socketpair is not None:
            left, gone = _socketpair()
            gone.close()
            os.dup2(left.fileno(), connection.fileno(), inheritable=False)
            left.close()
