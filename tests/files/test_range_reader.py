"""What a server sees of a file."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.range_reader import BLOCK_SIZE, MultipartReader, RangeReader, SendfileRangeReader, UnsizedReader
from wsgiresp._files.safe_open import open_regular
from wsgiresp._protocol.ranges import Span

DATA = bytes(range(256)) * 4


class Memory:
    """A source in memory that counts how often it is closed."""

    def __init__(self, content=DATA, most=10**9):
        self.content = content
        self.most = most
        self.closed = 0

    def read_at(self, size, position):
        return self.content[position : position + min(size, self.most)]

    def close(self):
        self.closed += 1


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    with_descriptor = open_regular(str(tmp_path / "file"))
    yield with_descriptor
    with_descriptor.close()


@given(start=st.integers(0, 1024), length=st.integers(0, 1024), sizes=st.lists(st.integers(1, 2000), max_size=20))
def test_a_window_shows_its_bytes_and_no_other(start, length, sizes):
    stop = min(start + length, 1024)
    window = RangeReader(Memory(), start, stop)
    chunks = [window.read(size) for size in sizes]
    assert b"".join([*chunks, window.read()]) == DATA[start:stop]
    assert [len(chunk) <= size for chunk, size in zip(chunks, sizes, strict=True)] == [True] * len(sizes)
    assert window.read(5) == b""


def test_a_window_is_its_own_iterator():
    assert list(RangeReader(Memory(most=400), 100, 1000)) == [DATA[100:500], DATA[500:900], DATA[900:1000]]


def test_a_block_is_the_most_that_is_read_at_a_time():
    chunks = list(RangeReader(Memory(bytes(2 * BLOCK_SIZE + 1)), 0, 2 * BLOCK_SIZE + 1))
    assert [len(chunk) for chunk in chunks] == [BLOCK_SIZE, BLOCK_SIZE, 1]


@pytest.mark.parametrize(
    ("steps", "position"),
    [
        pytest.param([(150, os.SEEK_SET)], 150, id="from the start of the source"),
        pytest.param([(150, os.SEEK_SET), (-20, os.SEEK_CUR)], 130, id="from here"),
        pytest.param([(0, os.SEEK_END)], 200, id="from the end of the window"),
    ],
)
def test_positions_are_those_of_the_source(steps, position):
    window = RangeReader(Memory(), 100, 200)
    for offset, whence in steps:
        reached = window.seek(offset, whence)
    assert reached == window.tell() == position
    assert window.seekable()
    assert window.read() == DATA[position:200]


def test_nothing_is_read_after_a_seek_beyond_the_end():
    window = RangeReader(Memory(), 100, 200)
    window.seek(300)
    assert window.read(10) == b""


@pytest.mark.parametrize(
    "body", [RangeReader(Memory(DATA[:500]), 0, 600), MultipartReader(Memory(DATA[:500]), [Span(0, 600)])]
)
def test_a_source_that_ends_too_early_is_an_error(body):
    with pytest.raises(EOFError, match="ended at byte 500, 600 were announced"):
        list(body)


def test_the_pieces_of_a_multipart_body_come_in_their_order():
    parts = MultipartReader(Memory(), [b"head", Span(5, 10), b"tail", Span(0, 2)])
    assert b"".join(parts) == b"head" + DATA[5:10] + b"tail" + DATA[:2]


def test_a_stream_gives_what_there_is():
    chunks = [b"ab", b"c", b""]

    class Pipe(Memory):
        def read_at(self, size, position):
            return chunks.pop(0)

    assert list(UnsizedReader(Pipe(), ())) == [b"ab", b"c"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda source, steps: RangeReader(source, 0, 1, steps), id="a window"),
        pytest.param(lambda source, steps: MultipartReader(source, [b""], steps), id="parts"),
        pytest.param(lambda source, steps: UnsizedReader(source, steps), id="a stream"),
    ],
)
def test_closing_closes_the_source_and_then_takes_the_steps_once(make):
    source = Memory()
    taken: list[int] = []
    body = make(source, [lambda: taken.append(source.closed), lambda: body.close()])
    body.close()
    body.close()
    assert (source.closed, taken) == (1, [1])


def test_a_source_that_cannot_be_closed_does_not_stop_the_steps(caplog):
    class Stuck(Memory):
        def close(self):
            raise OSError("no")

    taken: list[str] = []
    RangeReader(Stuck(), 0, 1, [lambda: taken.append("background")]).close()
    assert taken == ["background"]
    assert "no" in caplog.text


def sent(window, count):
    """Let the kernel send *window* as gunicorn does, and return what came."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendfile(window, offset=os.lseek(window.fileno(), 0, os.SEEK_CUR), count=count)
        ours.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: theirs.recv(65536), b""))


@pytest.mark.parametrize(("start", "stop"), [(0, 1024), (100, 1024), (0, 1), (1000, 1020)])
def test_the_kernel_sends_the_window_and_no_more(opened, start, stop):
    window = SendfileRangeReader(opened, start, stop)
    assert sent(window, stop - start) == DATA[start:stop]
    window.close()


def test_a_window_for_the_kernel_can_be_read_instead(opened):
    window = SendfileRangeReader(opened, 100, 200)
    window.fileno()
    assert window.read() == DATA[100:200]
    window.close()


def test_a_window_that_nobody_lent_closes_unread(opened):
    SendfileRangeReader(opened, 100, 200).close()
    assert opened.descriptor == -1


def test_a_file_that_shrank_is_an_error_where_the_kernel_came_to_an_end(opened, tmp_path):
    window = SendfileRangeReader(opened, 100, 1024)
    os.truncate(tmp_path / "file", 500)
    with pytest.raises(EOFError, match="ended at byte 500, 1024 were announced"):
        sent(window, 924)


def test_a_file_that_shrank_before_the_window_is_an_error_at_the_close(opened, tmp_path):
    taken: list[str] = []
    window = SendfileRangeReader(opened, 100, 1024, [lambda: taken.append("background")])
    os.truncate(tmp_path / "file", 50)
    assert sent(window, 924) == b""
    with pytest.raises(EOFError, match="ended at byte 100"):
        window.close()
    assert (opened.descriptor, taken) == (-1, ["background"])
    window.close()


def test_a_client_who_left_is_no_error_of_the_file(opened):
    window = SendfileRangeReader(opened, 0, 1024)
    window.fileno()

    def send_until_the_client_leaves():
        try:
            raise BrokenPipeError("the client left")
        finally:
            window.seek(500)
            window.close()

    with pytest.raises(BrokenPipeError):
        send_until_the_client_leaves()


def test_a_socket_that_cannot_use_the_kernel_begins_where_the_window_does(opened):
    window = SendfileRangeReader(opened, 100, 1024)
    window.fileno()
    assert window.seek(100) == 100
    assert window.read(1) == DATA[100:101]
    window.read()
    window.close()
