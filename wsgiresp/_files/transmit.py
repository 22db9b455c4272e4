"""How the bytes of a file reach the server that asks, as far as its environ tells what it can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gevent.monkey import get_original

from wsgiresp._files.cooperative_read import CooperativeSource, NonblockingSource, is_cooperative
from wsgiresp._files.range_reader import (
    BLOCK_SIZE,
    UNKNOWN,
    ByteSource,
    MultipartReader,
    RangeReader,
    SendfileRangeReader,
    UnsizedReader,
)
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol.byteranges import Piece
from wsgiresp._protocol.ranges import Span
from wsgiresp._runtime.close_steps import Step

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_PlainSocket: type = get_original("socket", "socket")  # also where gevent has put its own in the place of that


def file_body(
    environ: WSGIEnvironment, source: ByteSource, content: Span | Sequence[Piece], steps: Sequence[Step]
) -> Iterable[bytes]:
    """Return *content* of *source* for the server of *environ*: a span, or the pieces of a multipart body.

    A span that stops at ``UNKNOWN`` is all that *source* gives. The body's ``close()`` closes *source* and takes
    *steps*; so does a file wrapper that raises.
    """
    if not isinstance(content, Span):
        return MultipartReader(_cooperative(environ, source), content, steps)
    if content.stop == UNKNOWN:
        return UnsizedReader(_cooperative(environ, source), steps)
    return _window(environ, source, content, steps)


def _window(environ: WSGIEnvironment, source: ByteSource, span: Span, steps: Sequence[Step]) -> Iterable[bytes]:
    """Return a window in the server's own ``wsgi.file_wrapper`` where it has one.

    No server is relied on to begin or to stop where the window does, or to notice a file that shrank.
    """
    if span.length <= BLOCK_SIZE:
        # One block: neither the kernel nor the hub can make it any better.
        reader = RangeReader(source, *span, steps)
    elif _has_sendfile(environ) and isinstance(source, OpenFile):
        reader = SendfileRangeReader(source, *span, steps)
    else:
        reader = RangeReader(_cooperative(environ, source), *span, steps)
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is None or not _may_wrap(environ, steps):
        return reader
    try:
        wrapped: Iterable[bytes] = wrapper(reader, BLOCK_SIZE)
    except BaseException:
        reader.close()
        raise
    return wrapped


def _has_sendfile(environ: WSGIEnvironment) -> bool:
    """Return whether the server is gunicorn with sync or gthread workers and without TLS.

    Its other workers cannot be told from these by anything but the type of the socket: gevent's has a ``sendfile()``
    that reads and sends 8 KiB at a time, and that of TLS cannot use the kernel's.
    """
    return type(environ.get("gunicorn.socket")) is _PlainSocket


def _cooperative(environ: WSGIEnvironment, source: ByteSource) -> ByteSource:
    if not is_cooperative(environ.get("gunicorn.socket")):
        return source
    return NonblockingSource(source) if isinstance(source, OpenFile) else CooperativeSource(source)


def _may_wrap(environ: WSGIEnvironment, steps: Sequence[Step]) -> bool:
    if "uwsgi.version" in environ:
        return False  # uWSGI takes over the closing
    # waitress closes what it wraps in the thread that serves all connections; what it iterates, in that of the request.
    return not (steps and "waitress.client_disconnected" in environ)
