"""Range readers: the bytes of a range, and nothing after them, for a server's own reads, ``sendfile``, or iteration."""

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
    """A source in memory that counts its closes; *most* bytes at a time."""

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
def test_a_range_reader_reads_exactly_its_range(start, length, sizes):
    stop = min(start + length, 1024)
    reader = RangeReader(Memory(), start, stop)
    chunks = [reader.read(size) for size in sizes]
    assert b"".join([*chunks, reader.read()]) == DATA[start:stop]
    assert [len(chunk) <= size for chunk, size in zip(chunks, sizes, strict=True)] == [True] * len(sizes)
    assert reader.read(5) == b""


def test_a_range_reader_is_its_own_iterator():
    assert list(RangeReader(Memory(most=400), 100, 1000)) == [DATA[100:500], DATA[500:900], DATA[900:1000]]


def test_no_more_than_a_block_is_read_at_a_time():
    chunks = list(RangeReader(Memory(bytes(2 * BLOCK_SIZE + 1)), 0, 2 * BLOCK_SIZE + 1))
    assert [len(chunk) for chunk in chunks] == [BLOCK_SIZE, BLOCK_SIZE, 1]


@pytest.mark.parametrize(
    ("steps", "position"),
    [
        pytest.param([(150, os.SEEK_SET)], 150, id="from the start of the source"),
        pytest.param([(150, os.SEEK_SET), (-20, os.SEEK_CUR)], 130, id="from the position"),
        pytest.param([(0, os.SEEK_END)], 200, id="from the end of the range"),
    ],
)
def test_positions_are_positions_in_the_source(steps, position):
    reader = RangeReader(Memory(), 100, 200)
    for offset, whence in steps:
        reached = reader.seek(offset, whence)
    assert reached == reader.tell() == position
    assert reader.seekable()
    assert reader.read() == DATA[position:200]


@pytest.mark.parametrize(
    ("offset", "whence", "position"),
    [
        pytest.param(0, os.SEEK_SET, 100, id="the start of the source"),
        pytest.param(-20, os.SEEK_CUR, 100, id="before the start of the source"),
        pytest.param(-2000, os.SEEK_END, 100, id="before the range, counted from its end"),
        pytest.param(300, os.SEEK_SET, 200, id="after the range"),
        pytest.param(500, os.SEEK_CUR, 200, id="far after the range"),
        pytest.param(1, os.SEEK_END, 200, id="a byte after the range"),
    ],
)
def test_a_seek_out_of_the_range_ends_at_its_edge(offset, whence, position):
    reader = RangeReader(Memory(), 100, 200)
    assert reader.seek(offset, whence) == reader.tell() == position
    assert reader.read() == DATA[position:200]


@pytest.mark.parametrize("whence", [-1, 3])
def test_a_seek_from_elsewhere_is_refused(whence):
    with pytest.raises(ValueError, match="whence must be 0, 1 or 2"):
        RangeReader(Memory(), 100, 200).seek(0, whence)


def test_a_size_of_none_reads_all_that_is_left():
    reader = RangeReader(Memory(), 100, 200)
    reader.read(10)
    assert reader.read(None) == DATA[110:200]


@pytest.mark.parametrize(
    "body", [RangeReader(Memory(DATA[:500]), 0, 600), MultipartReader(Memory(DATA[:500]), [Span(0, 600)])]
)
def test_a_source_that_ends_too_early_raises_eof_error(body):
    with pytest.raises(EOFError, match="ended at byte 500, 600 were announced"):
        list(body)


def test_a_multipart_reader_yields_its_parts_in_order():
    parts = MultipartReader(Memory(), [b"head", Span(5, 10), b"tail", Span(0, 2)])
    assert b"".join(parts) == b"head" + DATA[5:10] + b"tail" + DATA[:2]


def test_an_unsized_reader_yields_all_the_source_has():
    chunks = [b"ab", b"c", b""]

    class Pipe(Memory):
        def read_at(self, size, position):
            return chunks.pop(0)

    assert list(UnsizedReader(Pipe(), ())) == [b"ab", b"c"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda source, steps: RangeReader(source, 0, 1, steps), id="a range reader"),
        pytest.param(lambda source, steps: MultipartReader(source, [b""], steps), id="a multipart reader"),
        pytest.param(lambda source, steps: UnsizedReader(source, steps), id="an unsized reader"),
    ],
)
def test_close_closes_the_source_and_then_runs_the_steps_once(make):
    source = Memory()
    taken: list[int] = []
    body = make(source, [lambda: taken.append(source.closed), lambda: body.close()])
    body.close()
    body.close()
    assert (source.closed, taken) == (1, [1])


def test_an_error_of_the_close_of_the_source_skips_no_step(caplog):
    class Unclosable(Memory):
        def close(self):
            raise OSError("no")

    taken: list[str] = []
    RangeReader(Unclosable(), 0, 1, [lambda: taken.append("background")]).close()
    assert taken == ["background"]
    assert "no" in caplog.text


def sent(reader, count):
    """Send *reader* by ``sendfile`` as gunicorn does, and return the received bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendfile(reader, offset=os.lseek(reader.fileno(), 0, os.SEEK_CUR), count=count)
        ours.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: theirs.recv(65536), b""))


@pytest.mark.parametrize(("start", "stop"), [(0, 1024), (100, 1024), (0, 1), (1000, 1020)])
def test_sendfile_sends_exactly_the_range(opened, start, stop):
    reader = SendfileRangeReader(opened, start, stop)
    assert sent(reader, stop - start) == DATA[start:stop]
    reader.close()


def test_a_sendfile_reader_can_be_read_instead(opened):
    reader = SendfileRangeReader(opened, 100, 200)
    reader.fileno()
    assert reader.read() == DATA[100:200]
    reader.close()


def test_a_sendfile_reader_whose_descriptor_was_not_used_closes_its_file(opened):
    SendfileRangeReader(opened, 100, 200).close()
    assert opened.descriptor == -1


def test_a_file_that_shrinks_within_the_range_raises_eof_error_after_sendfile(opened, tmp_path):
    reader = SendfileRangeReader(opened, 100, 1024)
    os.truncate(tmp_path / "file", 500)
    with pytest.raises(EOFError, match="ended at byte 500, 1024 were announced"):
        sent(reader, 924)


def test_a_file_that_shrinks_before_the_range_raises_eof_error_at_the_close(opened, tmp_path):
    taken: list[str] = []
    reader = SendfileRangeReader(opened, 100, 1024, [lambda: taken.append("background")])
    os.truncate(tmp_path / "file", 50)
    assert sent(reader, 924) == b""
    with pytest.raises(EOFError, match="ended at byte 100"):
        reader.close()
    assert (opened.descriptor, taken) == (-1, ["background"])
    reader.close()


def test_after_a_disconnect_the_close_raises_no_eof_error(opened):
    reader = SendfileRangeReader(opened, 0, 1024)

    def sendfile():
        try:
            reader.fileno()
            raise BrokenPipeError("the client has disconnected")
        finally:
            reader.seek(500)
            reader.close()

    with pytest.raises(BrokenPipeError):
        sendfile()


def test_a_middleware_may_ask_for_the_descriptor_and_close_the_file(opened):
    reader = SendfileRangeReader(opened, 0, 1024)
    os.fstat(reader.fileno())
    reader.close()
    assert opened.descriptor == -1


def test_a_middleware_may_read_a_part_of_a_file_whose_descriptor_it_has(opened):
    reader = SendfileRangeReader(opened, 0, 1024)
    os.fstat(reader.fileno())
    reader.seek(1000)
    assert reader.read() == DATA[1000:1024]
    reader.seek(10)
    reader.close()


def test_without_sendfile_the_range_is_read_from_its_start(opened):
    reader = SendfileRangeReader(opened, 100, 1024)
    reader.fileno()
    assert reader.seek(100) == 100
    assert reader.read(1) == DATA[100:101]
    reader.read()
    reader.close()
