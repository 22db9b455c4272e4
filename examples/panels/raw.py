"""One request to this very server, and every byte that comes back: what a page cannot see of its own requests.

The host is always the loopback, the port is the server's own, the method is GET or HEAD: a client decides neither.
"""

from __future__ import annotations

import re
import socket
import time
from wsgiref.types import WSGIEnvironment

from werkzeug.wrappers import Request

from wsgiresp.responses import JSONResponse, Response

HOST = "127.0.0.1"
MOST = 64 * 1024  # bytes of an answer that are shown
PATIENCE = 2.5  # s: the events that come in that time are shown

# The fields that may be sent along, by the name that each has in the query.
FIELDS = {
    "accept": "Accept",
    "if-modified-since": "If-Modified-Since",
    "if-none-match": "If-None-Match",
    "if-range": "If-Range",
    "last-event-id": "Last-Event-ID",
    "range": "Range",
}
# RFC 9112, Section 3.2.1: the origin-form. No space, and nothing that ends a line.
TARGET = re.compile(r"/[-A-Za-z0-9._~!$&'()*+,;=:@/?%]{0,1999}")
VALUE = re.compile(r"[!-~](?:[ !-~]{0,498}[!-~])?")
# RFC 9110, Section 7.6.3: who finds itself there is asked by itself.
VIA = "1.1 wsgiresp-demo"


def show(request: Request) -> Response:
    """JSONResponse: ?path=/text&range=bytes%3D0-3, asked of this server, with the request and the answer as bytes

    Both are strings in which a character is a byte (latin-1). ``end`` says why no more was read: ``closed`` by the
    server, ``time`` or ``length``.
    """
    if VIA in request.headers.get("Via", ""):
        return JSONResponse({"detail": "this would ask itself for ever"}, status_code=508)
    port = own_port(request.environ)
    try:
        asked = compose(request.args.to_dict(), port)
    except ValueError as error:
        return JSONResponse({"detail": str(error)}, status_code=400)
    began = time.monotonic()
    try:
        answer, end = exchange(port, asked)
    except OSError as error:
        return JSONResponse({"detail": f"this server does not answer on port {port}: {error}"}, status_code=502)
    return JSONResponse(
        {
            "request": asked.decode("latin-1"),
            "response": answer.decode("latin-1"),
            "end": end,
            "ms": round(1000 * (time.monotonic() - began), 1),
        },
        headers={"Cache-Control": "no-store"},
    )


def own_port(environ: WSGIEnvironment) -> int:
    """Return the port of the server that made *environ*, 0 where it has none."""
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return int(environ["SERVER_PORT"] or 0)
    # Not SERVER_PORT: where gunicorn listens on a Unix socket, that is what the client has written in Host.
    name = connection.getsockname()
    return int(name[1]) if isinstance(name, tuple) else 0


def compose(query: dict[str, str], port: int) -> bytes:
    """Return the bytes of the request that *query* describes; ``ValueError`` with words for the client if it cannot."""
    method, target = query.pop("method", "GET"), query.pop("path", "")
    if method not in ("GET", "HEAD"):
        raise ValueError("method must be GET or HEAD")
    if not TARGET.fullmatch(target):
        raise ValueError("path must begin with a slash, and be percent-encoded ASCII of at most 2000 characters")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}:{port}", f"Via: {VIA}", "Connection: close"]
    for name, value in query.items():
        if name not in FIELDS:
            raise ValueError(f"there are method, path, {', '.join(FIELDS)}, and no {name[:40]!r}")
        if value and not VALUE.fullmatch(value):
            raise ValueError(f"{name} must be one line of at most 500 ASCII characters")
        if value:
            lines.append(f"{FIELDS[name]}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def exchange(port: int, asked: bytes) -> tuple[bytes, str]:
    """Return what *port* of the loopback answers to the bytes *asked*, and why no more of it was read."""
    deadline = time.monotonic() + PATIENCE
    answer = bytearray()
    # Under gevent these waits are cooperative, so that one worker is enough to ask and to answer.
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        connection.sendall(asked)
        while len(answer) < MOST and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                piece = connection.recv(MOST - len(answer))
            except TimeoutError:
                break
            if not piece:
                return bytes(answer), "closed"
            answer += piece
    return bytes(answer), "length" if len(answer) == MOST else "time"
