"""``sendfile`` under gevent: when the kernel sends a file, and what other greenlets and the client see meanwhile."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import socket
import threading

import gevent
import pytest
from gevent import socket as gevent_socket
from gevent.event import Event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsgiresp._files import greenlet_sendfile
from wsgiresp._files.cooperative_read import BYTES_PER_TURN
from wsgiresp._files.greenlet_sendfile import greenlet_sendfile_reader
from wsgiresp._files.safe_open import open_regular
from wsgiresp._runtime.hubs import wait_until_writable

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
CONTENT = random.Random(1).randbytes(4 * BYTES_PER_TURN + 1)
LENGTH = len(CONTENT)

pytestmark = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux tells what is cached")


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "file"
    made.write_bytes(CONTENT)
    return made


@pytest.fixture
def opened(path):
    source = open_regular(str(path))
    if not greenlet_sendfile.knows_page_cache(source.descriptor, 0):
        source.close()
        pytest.skip("the file system of this folder does not tell what is cached")
    yield source
    source.close()


@contextlib.contextmanager
def connected():
    """A TCP connection of gevent's sockets: that of the worker and that of the client."""
    with gevent_socket.socket() as listener:  # that of create_server() is no socket of gevent
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with gevent_socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as worker:
            yield worker, client


@pytest.fixture
def connection():
    with connected() as pair:
        yield pair


@pytest.fixture
def sent(monkeypatch):
    """The bytes of each call of the kernel's ``sendfile``."""
    counts = []

    def counted(*arguments):
        counts.append(os.sendfile(*arguments))
        return counts[-1]

    monkeypatch.setattr(greenlet_sendfile, "_sendfile", counted)
    return counts


class NoBlocks:
    """A source of blocks that counts what is read of *opened*."""

    def __init__(self, opened):
        self.opened = opened
        self.reads = 0

    def read_at(self, size, position):
        self.reads += 1
        return self.opened.read_at(size, position)

    def close(self):
        self.opened.close()


def made(opened, worker, start=0, stop=LENGTH):
    """Return the reader of a range and its source of blocks."""
    blocks = NoBlocks(opened)
    return greenlet_sendfile_reader(opened, start, stop, (), blocks, worker), blocks


def send_as_gunicorn(worker, reader, count):
    """Send a head and *reader* in the way of gunicorn's ``Response.sendfile``."""
    descriptor = reader.fileno()
    offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    worker.sendall(HEAD)
    worker.sendfile(reader, offset=offset, count=count)
    os.lseek(descriptor, offset, os.SEEK_SET)


def received(client):
    """Return all that comes until the end of the connection."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def exchange(connection, reader, count):
    """Send *reader* as gunicorn does, close both, and return what the client has received."""
    worker, client = connection
    receiver = gevent.spawn(received, client)
    try:
        send_as_gunicorn(worker, reader, count)
    finally:
        reader.close()
        worker.shutdown(socket.SHUT_WR)
        found = receiver.get(timeout=20)
    return found


def test_the_kernel_sends_the_file_after_the_head(connection, opened, sent):
    reader, blocks = made(opened, connection[0])
    assert exchange(connection, reader, LENGTH) == HEAD + CONTENT
    assert (sum(sent), blocks.reads, opened.descriptor) == (LENGTH, 0, -1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).filter(lambda e: e[0] != e[1]))
def test_a_range_is_the_right_bytes(path, edges):
    start, stop = sorted(edges)
    with connected() as (worker, client):
        reader, _ = made(open_regular(str(path)), worker, start, stop)
        assert exchange((worker, client), reader, stop - start) == HEAD + CONTENT[start:stop]


def test_several_files_are_sent_on_one_connection(connection, path, opened):
    worker, client = connection
    receiver = gevent.spawn(received, client)
    for _ in range(3):
        reader, _ = made(open_regular(str(path)), worker)
        send_as_gunicorn(worker, reader, LENGTH)
        reader.close()
    worker.shutdown(socket.SHUT_WR)
    assert receiver.get(timeout=20) == (HEAD + CONTENT) * 3


def test_other_greenlets_run_after_each_block(connection, opened, sent):
    turns = []

    def other():
        while True:
            turns.append(len(sent))
            gevent.sleep(0)

    running = gevent.spawn(other)
    exchange(connection, made(opened, connection[0])[0], LENGTH)
    running.kill()
    assert set(turns) >= {1, 2, 3}


def test_a_client_that_stalls_lets_the_others_run(connection, opened, monkeypatch):
    worker, client = connection
    waits = Event()

    def waiting(descriptor):
        waits.set()
        wait_until_writable(descriptor)

    monkeypatch.setattr(greenlet_sendfile, "wait_until_writable", waiting)
    worker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    reader, _ = made(opened, worker)
    sending = gevent.spawn(send_as_gunicorn, worker, reader, LENGTH)
    assert waits.wait(20)
    assert not sending.ready()
    receiver = gevent.spawn(received, client)
    sending.get(timeout=20)
    worker.shutdown(socket.SHUT_WR)
    assert receiver.get(timeout=20) == HEAD + CONTENT


def test_what_is_not_cached_is_read_in_another_thread_first(connection, opened, monkeypatch):
    threads = []

    def read_at(size, position):
        threads.append(threading.get_ident())
        return b""

    monkeypatch.setattr(greenlet_sendfile, "is_cached", lambda *_: False)
    monkeypatch.setattr(type(opened), "read_at", staticmethod(read_at))
    assert exchange(connection, made(opened, connection[0])[0], LENGTH) == HEAD + CONTENT
    assert len(threads) >= 5
    assert threading.get_ident() not in threads


def test_a_file_that_was_truncated_raises(connection, opened, path):
    os.truncate(path, BYTES_PER_TURN)
    reader, _ = made(opened, connection[0])
    with pytest.raises(EOFError, match="the file ended at byte 262144, 1048577 were announced"):
        exchange(connection, reader, LENGTH)


def test_a_client_that_left_raises(connection, opened):
    worker, _ = connection
    reader, _ = made(opened, worker)
    reader.fileno()
    worker.sendall(HEAD)
    worker.shutdown(socket.SHUT_WR)
    with pytest.raises(BrokenPipeError):
        worker.sendfile(reader, count=LENGTH)


def test_after_the_range_there_are_no_more_bytes(connection, opened):
    worker, client = connection
    receiver = gevent.spawn(received, client)
    reader, _ = made(opened, worker)
    send_as_gunicorn(worker, reader, LENGTH)
    assert (reader.read(10), reader.tell()) == (b"", LENGTH)
    reader.close()
    worker.close()
    receiver.get(timeout=20)


def test_a_reader_whose_descriptor_was_not_asked_for_returns_its_bytes(connection, opened, sent):
    reader, _ = made(opened, connection[0])
    connection[0].sendall(HEAD)
    assert b"".join(reader) == CONTENT
    assert sent == []


def test_a_reader_whose_descriptor_is_asked_for_too_late_returns_its_bytes(connection, opened, sent):
    reader, _ = made(opened, connection[0])
    connection[0].sendall(HEAD)
    first = reader.read(100)
    reader.fileno()
    assert first + reader.read() == CONTENT
    assert sent == []


def test_a_middleware_that_reads_the_file_itself_gets_its_bytes(connection, opened, sent):
    worker = connection[0]
    reader, _ = made(opened, worker)
    reader.fileno()
    worker.sendall(HEAD)
    assert reader.read() == CONTENT
    assert sent == []


def test_a_middleware_may_ask_for_the_descriptor_and_close_the_file(connection, opened):
    reader, _ = made(opened, connection[0])
    os.fstat(reader.fileno())
    reader.close()
    assert opened.descriptor == -1


def test_sendfile_of_another_connection_reads_bytes(connection, opened, sent):
    reader, _ = made(opened, connection[0])
    with connected() as (other, client):
        assert exchange((other, client), reader, LENGTH) == HEAD + CONTENT
    assert sent == []


def test_a_file_around_the_reader_reads_its_bytes(connection, opened, sent):
    class Changed:
        def __init__(self, reader):
            self.fileno = reader.fileno
            self.close = reader.close
            self.read = lambda size: reader.read(size).swapcase()

    reader, _ = made(opened, connection[0])
    assert exchange(connection, Changed(reader), LENGTH) == HEAD + CONTENT.swapcase()
    assert sent == []


@pytest.mark.parametrize("count", [1, 8192, BYTES_PER_TURN, LENGTH - 1])
def test_no_more_bytes_are_sent_than_the_server_asks_for(connection, opened, count):
    worker, client = connection
    receiver = gevent.spawn(received, client)
    reader, _ = made(opened, worker)
    send_as_gunicorn(worker, reader, count)
    reader.close()
    worker.shutdown(socket.SHUT_WR)
    assert receiver.get(timeout=20) == HEAD + CONTENT[:count]


def test_without_a_count_the_file_is_sent_until_its_end(connection, opened, sent):
    assert exchange(connection, made(opened, connection[0])[0], None) == HEAD + CONTENT
    assert sum(sent) == LENGTH


def test_a_file_that_the_kernel_cannot_send_is_read(connection, opened, monkeypatch):
    def refused(*_):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(greenlet_sendfile, "_sendfile", refused)
    reader, blocks = made(opened, connection[0])
    assert exchange(connection, reader, LENGTH) == HEAD + CONTENT
    assert blocks.reads >= LENGTH // 8192


def test_an_error_after_the_first_bytes_is_raised(connection, opened, monkeypatch):
    def failing(*arguments):
        if arguments[2]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.sendfile(*arguments)

    monkeypatch.setattr(greenlet_sendfile, "_sendfile", failing)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        exchange(connection, made(opened, connection[0])[0], LENGTH)


def test_after_the_socket_was_closed_nothing_is_sent_to_its_number(connection, opened, monkeypatch):
    worker, _ = connection
    numbers = []

    def noting(*arguments):
        numbers.append(arguments[0])
        worker.close()
        raise BlockingIOError

    monkeypatch.setattr(greenlet_sendfile, "_sendfile", noting)
    monkeypatch.setattr(greenlet_sendfile, "wait_until_writable", lambda _: monkeypatch.undo())
    reader, _ = made(opened, worker)
    number = worker.fileno()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        worker.sendfile(reader, count=LENGTH)
    assert numbers == [number]


def test_a_block_is_read_once_for_a_client_that_takes_little_at_a_time(connection, opened, monkeypatch):
    """Else each part of a block would have all 256 KiB behind it read anew."""
    reads = []
    is_full = itertools.cycle([False, True])

    def little(connection, descriptor, position, count):
        if next(is_full):
            raise BlockingIOError
        return os.sendfile(connection, descriptor, position, min(count, 40_001))

    def read_at(size, position):
        reads.append((position, position + size))
        return b""

    monkeypatch.setattr(greenlet_sendfile, "_sendfile", little)
    monkeypatch.setattr(greenlet_sendfile, "is_cached", lambda _, position: any(position < stop for _, stop in reads))
    monkeypatch.setattr(type(opened), "read_at", staticmethod(read_at))
    assert exchange(connection, made(opened, connection[0])[0], LENGTH) == HEAD + CONTENT
    starts = range(0, LENGTH, BYTES_PER_TURN)
    assert reads == [(start, min(start + BYTES_PER_TURN, LENGTH)) for start in starts]


def test_a_unix_socket_is_sent_to_as_well(opened, sent):
    left, right = gevent_socket.socketpair()
    with left, right:
        assert exchange((left, right), made(opened, left)[0], LENGTH) == HEAD + CONTENT
    assert sum(sent) == LENGTH


def test_without_sendfile_it_is_not_used(connection, opened, monkeypatch):
    monkeypatch.setattr(greenlet_sendfile, "_sendfile", None)
    assert made(opened, connection[0])[0] is None


def test_a_socket_with_a_timeout_is_not_used(connection, opened):
    connection[0].settimeout(5)
    assert made(opened, connection[0])[0] is None


def test_a_file_system_that_does_not_tell_what_is_cached_is_not_used(connection, opened, monkeypatch):
    monkeypatch.setattr(greenlet_sendfile, "knows_page_cache", lambda *_: False)
    assert made(opened, connection[0])[0] is None
