"""Transmit strategy of a file: ``sendfile``, the server's file wrapper, or blocks read by us, for each server."""

from __future__ import annotations

import os
import socket
import ssl
from wsgiref.util import FileWrapper

import gevent
import pytest
from gevent import socket as gevent_socket

from wsgiresp._files import transmit
from wsgiresp._files.block_budget import SMALLEST_BLOCK, BudgetedSource
from wsgiresp._files.cooperative_read import CooperativeSource, NonblockingSource
from wsgiresp._files.file_sources import OpenHandle
from wsgiresp._files.greenlet_sendfile import GreenletSendfileReader
from wsgiresp._files.range_reader import (
    BLOCK_SIZE,
    MultipartReader,
    RangeReader,
    SendfileRangeReader,
    UnsizedReader,
)
from wsgiresp._files.safe_open import open_regular
from wsgiresp._protocol.ranges import UNKNOWN_STOP, Span
from wsgiresp._runtime.server_profile import ServerProfile

LARGE = BLOCK_SIZE + 1

needs_page_cache = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux tells what is cached")


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "file").write_bytes(bytes(LARGE))
    source = open_regular(str(tmp_path / "file"))
    yield source
    source.close()


@pytest.fixture
def plain_socket():
    with socket.socket() as made:
        yield made


@pytest.fixture
def tls_socket():
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="a.example") as made:
        yield made


@pytest.fixture
def green_socket():
    with gevent_socket.socket() as made:
        yield made


def unwrapped(wrapped):
    """Return the range reader in a server's file wrapper, or the body itself."""
    return wrapped.filelike if isinstance(wrapped, FileWrapper) else wrapped


def read_by(reader):
    """Return the source that *reader* reads within the budget of blocks."""
    assert type(reader._source) is BudgetedSource
    return reader._source._source


def body(environ, source, content=None, steps=()):
    server = ServerProfile({"wsgi.file_wrapper": FileWrapper, **environ})
    return transmit.file_body(server, source, content or Span(0, LARGE), steps)


def test_the_file_wrapper_of_the_server_gets_the_range_reader(opened):
    wrapped = body({}, opened)
    assert isinstance(wrapped, FileWrapper)
    assert wrapped.blksize == BLOCK_SIZE
    assert b"".join(wrapped) == bytes(LARGE)


def test_a_server_without_a_file_wrapper_gets_the_range_reader_itself(opened):
    assert type(transmit.file_body(ServerProfile({}), opened, Span(0, LARGE), ())) is RangeReader


def test_a_file_wrapper_that_raises_leaves_nothing_open(opened):
    def refuse(filelike, size):
        raise OSError("no")

    taken: list[str] = []
    with pytest.raises(OSError, match="no"):
        body({"wsgi.file_wrapper": refuse}, opened, steps=[lambda: taken.append("background")])
    assert (opened.descriptor, taken) == (-1, ["background"])


def test_gunicorn_with_threads_uses_sendfile(opened, plain_socket):
    assert type(unwrapped(body({"gunicorn.socket": plain_socket}, opened))) is SendfileRangeReader


def test_gunicorn_with_threads_does_not_use_sendfile_for_one_block(opened, plain_socket):
    assert type(unwrapped(body({"gunicorn.socket": plain_socket}, opened, Span(0, BLOCK_SIZE)))) is RangeReader


def test_gunicorn_over_tls_does_not_use_sendfile(opened, tls_socket):
    reader = unwrapped(body({"gunicorn.socket": tls_socket}, opened))
    assert (type(reader), read_by(reader)) == (RangeReader, opened)


def test_gunicorn_with_threads_does_not_use_sendfile_for_a_file_object(opened, plain_socket, tmp_path):
    with (tmp_path / "file").open("rb") as handle:
        reader = unwrapped(body({"gunicorn.socket": plain_socket}, OpenHandle(handle)))
    assert not hasattr(reader, "fileno")


@needs_page_cache
def test_gunicorn_with_greenlets_has_the_kernel_send_the_file(opened, green_socket):
    reader = unwrapped(body({"gunicorn.socket": green_socket}, opened))
    assert type(reader) is GreenletSendfileReader
    assert type(read_by(reader)) is NonblockingSource


def test_where_the_kernel_cannot_send_gunicorn_with_greenlets_reads_without_blocking_others(opened, green_socket):
    green_socket.settimeout(5)
    reader = unwrapped(body({"gunicorn.socket": green_socket}, opened))
    assert not hasattr(reader, "fileno")
    assert type(read_by(reader)) is NonblockingSource


def test_without_a_file_wrapper_gunicorn_with_greenlets_reads_without_blocking_others(opened, green_socket):
    reader = transmit.file_body(ServerProfile({"gunicorn.socket": green_socket}), opened, Span(0, LARGE), ())
    assert (type(reader), type(read_by(reader))) == (RangeReader, NonblockingSource)


def test_one_block_is_read_directly_with_greenlets_too(opened, green_socket):
    assert read_by(unwrapped(body({"gunicorn.socket": green_socket}, opened, Span(0, BLOCK_SIZE)))) is opened


def test_a_greenlet_of_any_server_reads_without_blocking_other_greenlets(opened):
    reader = unwrapped(gevent.spawn(body, {}, opened).get())
    assert type(read_by(reader)) is NonblockingSource


def test_with_greenlets_a_file_object_is_read_cooperatively(green_socket, tmp_path, opened):
    with (tmp_path / "file").open("rb") as handle:
        reader = unwrapped(body({"gunicorn.socket": green_socket}, OpenHandle(handle)))
    assert type(read_by(reader)) is CooperativeSource


def test_waitress_gets_a_file_wrapper(opened):
    assert isinstance(body({"waitress.client_disconnected": bool}, opened), FileWrapper)


def test_waitress_gets_no_file_wrapper_if_there_are_close_steps(opened):
    assert type(body({"waitress.client_disconnected": bool}, opened, steps=[print])) is RangeReader


def test_uwsgi_gets_no_file_wrapper(opened):
    assert type(body({"uwsgi.version": b"2"}, opened)) is RangeReader


def test_several_ranges_get_no_file_wrapper(opened):
    parts = body({}, opened, [b"head", Span(0, 2), b"tail"])
    assert type(parts) is MultipartReader
    assert b"".join(parts) == b"head\x00\x00tail"


def test_a_file_of_unknown_length_gets_no_file_wrapper(opened):
    assert type(body({}, opened, Span(0, UNKNOWN_STOP))) is UnsizedReader


def test_a_small_file_needs_no_budget(opened):
    assert unwrapped(body({}, opened, Span(0, SMALLEST_BLOCK)))._source is opened


def test_waitress_holds_no_block_of_a_file_that_it_reads_itself(opened):
    assert unwrapped(body({"waitress.client_disconnected": bool}, opened))._source is opened


def test_waitress_holds_a_block_of_a_file_that_is_iterated(opened):
    assert read_by(body({"waitress.client_disconnected": bool}, opened, steps=[print])) is opened


@pytest.mark.parametrize("content", [[b"head", Span(0, 2)], Span(0, UNKNOWN_STOP)], ids=["several ranges", "no length"])
def test_a_body_without_a_file_wrapper_is_read_within_the_budget(opened, content):
    assert read_by(body({}, opened, content)) is opened
