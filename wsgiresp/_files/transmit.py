"""How the bytes of a file reach the server that asks, as far as its environ tells what it can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gevent.monkey import get_original

from wsgiresp._files.cooperative_read import TakingTurns, Unblocking, is_cooperative
from wsgiresp._files.range_reader import BLOCK, UNKNOWN, Parts, SendfileWindow, Source, Stream, Window
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol.byteranges import Piece
from wsgiresp._protocol.ranges import Span
from wsgiresp._runtime.close_steps import Step

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_PlainSocket: type = get_original("socket", "socket")  # also where gevent has put its own in the place of that


def body(
    environ: WSGIEnvironment, source: Source, content: Span | Sequence[Piece], steps: Sequence[Step]
) -> Iterable[bytes]:
    """Return *content* of *source* for the server of *environ*: a span, or the pieces of a multipart body.

    A span that stops at ``UNKNOWN`` is all that *source* gives. The body's ``close()`` closes *source* and takes
    *steps*; so does a file wrapper that raises.
    """
    if not isinstance(content, Span):
        return Parts(_shared(environ, source), content, steps)
    if content.stop == UNKNOWN:
        return Stream(_shared(environ, source), steps)
    return _window(environ, source, content, steps)


def _window(environ: WSGIEnvironment, source: Source, span: Span, steps: Sequence[Step]) -> Iterable[bytes]:
    """Return a window in the server's own ``wsgi.file_wrapper`` where it has one.

    No server is relied on to begin or to stop where the window does, or to notice a file that shrank.
    """
    if span.length <= BLOCK:
        # One block: neither the kernel nor the hub can make it any better.
        shown = Window(source, *span, steps)
    elif _sends_files(environ) and isinstance(source, OpenFile):
        shown = SendfileWindow(source, *span, steps)
    else:
        shown = Window(_shared(environ, source), *span, steps)
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is None or not _wraps_well(environ, steps):
        return shown
    try:
        wrapped: Iterable[bytes] = wrapper(shown, BLOCK)
    except BaseException:
        shown.close()
        raise
    return wrapped


def _sends_files(environ: WSGIEnvironment) -> bool:
    """Return whether the server is gunicorn with sync or gthread workers and without TLS.

    Its other workers cannot be told from these by anything but the type of the socket: gevent's has a ``sendfile()``
    that reads and sends 8 KiB at a time, and that of TLS cannot use the kernel's.
    """
    return type(environ.get("gunicorn.socket")) is _PlainSocket


def _shared(environ: WSGIEnvironment, source: Source) -> Source:
    if not is_cooperative(environ.get("gunicorn.socket")):
        return source
    return Unblocking(source) if isinstance(source, OpenFile) else TakingTurns(source)


def _wraps_well(environ: WSGIEnvironment, steps: Sequence[Step]) -> bool:
    if "uwsgi.version" in environ:
        return False  # uWSGI takes over the closing
    # waitress closes what it wraps in the thread that serves all connections; what it iterates, in that of the request.
    return not (steps and "waitress.client_disconnected" in environ)
