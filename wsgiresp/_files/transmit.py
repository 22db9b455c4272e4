"""Transmit strategy of a file: ``sendfile``, the server's file wrapper, or our own reads, depending on the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wsgiresp._files.block_budget import SMALLEST_BLOCK, BudgetedSource
from wsgiresp._files.cooperative_read import CooperativeSource, NonblockingSource
from wsgiresp._files.greenlet_sendfile import greenlet_sendfile_reader
from wsgiresp._files.length_check import UnsizedSource
from wsgiresp._files.range_reader import (
    BLOCK_SIZE,
    ByteSource,
    MultipartReader,
    RangeReader,
    SendfileRangeReader,
    UnsizedReader,
)
from wsgiresp._files.safe_open import OpenFile
from wsgiresp._protocol.byteranges import Piece
from wsgiresp._protocol.ranges import UNKNOWN_STOP, Span
from wsgiresp._runtime.close_order import Step
from wsgiresp._runtime.server_profile import ServerProfile


def file_body(
    server: ServerProfile, source: ByteSource, content: Span | Sequence[Piece], steps: Sequence[Step]
) -> Iterable[bytes]:
    """Return the body that sends *content* of *source* through *server*: a span, or the pieces of a multipart body.

    A span that stops at ``UNKNOWN_STOP`` is sent until the end of *source*. The body's ``close()`` closes *source* and
    runs *steps*. If the server's file wrapper raises, both happen before the error is raised here.
    """
    if not isinstance(content, Span):
        return MultipartReader(BudgetedSource(_cooperative(server, source)), content, steps)
    if content.stop == UNKNOWN_STOP:
        return UnsizedReader(BudgetedSource(_cooperative(server, source)), steps)
    return _range_body(server, source, content, steps)


def _range_body(server: ServerProfile, source: ByteSource, span: Span, steps: Sequence[Step]) -> Iterable[bytes]:
    """Return a range reader, inside the server's ``wsgi.file_wrapper`` if it has one.

    The reader itself enforces the start and the end of the range and detects a truncated file; no server is trusted to.
    """
    wrapper = server.file_wrapper
    if wrapper is not None and steps and server.closes_wrapper_elsewhere:
        # waitress closes a wrapped file in the thread that serves all connections, so slow steps would block them. It
        # closes an iterated body in the thread of the request.
        wrapper = None
    if span.length <= SMALLEST_BLOCK or (wrapper is not None and server.closes_wrapper_elsewhere):
        # No budget: every download may have such a block, and waitress reads only as much as its socket takes.
        reader = RangeReader(source, *span, steps)
    elif span.length <= BLOCK_SIZE:
        # One block: neither sendfile nor cooperative reads would improve it.
        reader = RangeReader(BudgetedSource(source), *span, steps)
    elif server.has_sendfile and isinstance(source, OpenFile):
        reader = SendfileRangeReader(source, *span, steps, BudgetedSource(source))
    else:
        reader = _cooperative_reader(server, source, span, steps, is_wrapped=wrapper is not None)
    if wrapper is None:
        return reader
    try:
        # If the budget is used up, the reader returns fewer bytes than that at a time.
        wrapped: Iterable[bytes] = wrapper(reader, BLOCK_SIZE)
    except BaseException:
        reader.close()
        raise
    return wrapped


def _cooperative_reader(
    server: ServerProfile, source: ByteSource, span: Span, steps: Sequence[Step], *, is_wrapped: bool
) -> RangeReader:
    """Return a reader whose blocks are sent by the kernel, where that is possible, or read in turns with others."""
    blocks = BudgetedSource(_cooperative(server, source))
    connection = server.greenlet_connection
    if is_wrapped and connection is not None and isinstance(source, OpenFile):
        reader = greenlet_sendfile_reader(source, *span, steps, blocks, connection)
        if reader is not None:
            return reader
    return RangeReader(blocks, *span, steps)


def _cooperative(server: ServerProfile, source: ByteSource) -> ByteSource:
    if not server.is_cooperative:
        return source
    if isinstance(source, OpenFile | UnsizedSource) and source.descriptor is not None:
        return NonblockingSource(source, source.descriptor)
    return CooperativeSource(source)
