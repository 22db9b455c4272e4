"""``early_hints``: a 103 with links, sent while the answer is still being made (RFC 8297)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wsgiresp._protocol.header_validation import field
from wsgiresp._runtime.server_profile import ServerProfile

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment


def early_hints(environ: WSGIEnvironment, links: Iterable[str]) -> bool:
    """Send a 103 with *links* ahead of the answer to the request of *environ*, and return whether it was given away.

    *links*: values of ``Link``, such as ``"</app.css>; rel=preload; as=style"``. The final answer does not repeat them
    by itself: RFC 8297, Section 2, has it do so, for the clients that the hints did not reach.

    It needs a server that offers ``wsgi.early_hints`` (gunicorn 25 and later), and a client of HTTP/1.1 or later:
    elsewhere nothing is sent. Nor is it without links, and where the client is gone. To be called before the response
    is: gunicorn drops what comes later.

    Raises ``ValueError`` for a link that must not stand in a header, before anything is sent.
    """
    if isinstance(links, str):
        raise TypeError(f"links must be an iterable of str, got {links!r}")
    fields = [field("Link", link) for link in links]
    send = ServerProfile(environ).early_hints
    if not fields or send is None:
        return False
    try:
        send(fields)
    except OSError:
        # The client has left, as the answer will find.
        return False
    return True
