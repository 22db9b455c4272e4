"""Block budget: what the blocks of all downloads of a process hold together."""

from __future__ import annotations

import gc
import os
import socket
from wsgiref.util import FileWrapper

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgiresp._files import transmit
from wsgiresp._files.block_budget import BUDGET, MIDDLE_BLOCK, SMALLEST_BLOCK, BlockBudget, BudgetedSource
from wsgiresp._files.file_sources import HandleSource, PathSource
from wsgiresp._files.range_reader import BLOCK_SIZE, MultipartReader, RangeReader, SendfileRangeReader, UnsizedReader
from wsgiresp._files.safe_open import open_regular
from wsgiresp._protocol.ranges import Span
from wsgiresp._runtime import process
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp.responses import FileResponse

LARGE = 10 * BLOCK_SIZE


class Endless:
    """A source of as many bytes as are asked for."""

    closed = 0

    def read_at(self, size, position):
        return bytes(size)

    def close(self):
        self.closed += 1


@pytest.fixture(autouse=True)
def budget():
    """The budget of a process that has no download."""
    gc.collect()
    found = part(BlockBudget)
    assert taken() == 0
    yield found
    gc.collect()
    assert taken() == 0


def taken():
    """Return the bytes that are taken from the budget."""
    return BUDGET - len(part(BlockBudget).free) * SMALLEST_BLOCK


def begun(length=LARGE):
    """Return a download of *length* bytes whose first block was read, and the length of that."""
    reader = RangeReader(BudgetedSource(Endless()), 0, length)
    return reader, len(reader.read(BLOCK_SIZE))


@pytest.fixture
def crowd():
    """Downloads that hold the whole budget, one after the other until nothing is left."""
    readers = []
    while part(BlockBudget).free:
        readers.append(begun()[0])
    yield readers
    for reader in readers:
        reader.close()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(bytes(LARGE))
    return str(tmp_path / "file")


@pytest.mark.parametrize(
    ("length", "held"),
    [
        pytest.param(1024, 0, id="a small file takes nothing"),
        pytest.param(SMALLEST_BLOCK, 0, id="nor does the smallest block"),
        pytest.param(SMALLEST_BLOCK + 1, SMALLEST_BLOCK, id="a larger one takes what it is larger by"),
        pytest.param(100_000, 98304, id="in whole units"),
        pytest.param(BLOCK_SIZE, BLOCK_SIZE - SMALLEST_BLOCK, id="up to a block"),
        pytest.param(LARGE, BLOCK_SIZE - SMALLEST_BLOCK, id="whatever the length"),
    ],
)
def test_a_download_takes_what_its_block_holds_beyond_the_smallest(length, held):
    reader, read = begun(length)
    assert (read, taken()) == (min(length, BLOCK_SIZE), held)
    reader.close()
    assert taken() == 0


def test_fifty_downloads_get_blocks_that_are_sent_as_fast_as_one():
    downloads = [begun() for _ in range(50)]
    assert {size for _, size in downloads} == {BLOCK_SIZE, MIDDLE_BLOCK}
    for reader, _ in downloads:
        reader.close()


def test_blocks_get_smaller_as_the_budget_is_used_up(crowd):
    sizes = [reader._source._block for reader in crowd]
    assert sizes == sorted(sizes, reverse=True)
    assert taken() == BUDGET
    late, size = begun()
    assert (size, taken()) == (SMALLEST_BLOCK, BUDGET)
    late.close()


def test_a_download_gets_larger_blocks_when_others_have_ended(crowd):
    late, _ = begun()
    crowd.pop().close()
    assert SMALLEST_BLOCK < len(late.read(BLOCK_SIZE)) <= MIDDLE_BLOCK
    for reader in crowd:
        reader.close()
    assert len(late.read(BLOCK_SIZE)) == BLOCK_SIZE
    late.close()


def test_a_download_keeps_the_block_that_it_has(crowd):
    assert len(crowd[0].read(BLOCK_SIZE)) == BLOCK_SIZE


def test_the_rest_of_a_download_is_read_in_blocks_of_the_budget(crowd):
    late = RangeReader(BudgetedSource(Endless()), 0, LARGE)
    assert len(late.read()) == LARGE
    assert late.read() == b""
    late.close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda source: RangeReader(source, 0, LARGE), id="a range"),
        pytest.param(lambda source: MultipartReader(source, [b"head", Span(0, LARGE)]), id="several ranges"),
        pytest.param(lambda source: UnsizedReader(source, ()), id="a body of unknown length"),
    ],
)
def test_every_body_is_read_within_the_budget(crowd, make):
    body = make(BudgetedSource(Endless()))
    chunks = iter(body)
    assert max(len(next(chunks)) for _ in range(3)) == SMALLEST_BLOCK
    body.close()


def test_a_download_gives_back_once():
    source = Endless()
    reader = RangeReader(BudgetedSource(source), 0, LARGE)
    reader.read(BLOCK_SIZE)
    reader.close()
    reader.close()
    reader._source.close()
    del reader
    gc.collect()
    assert (taken(), source.closed) == (0, 2)


def test_the_budget_is_given_back_before_slow_steps_are_run():
    seen: list[int] = []
    reader = RangeReader(BudgetedSource(Endless()), 0, LARGE, [lambda: seen.append(taken())])
    reader.read(BLOCK_SIZE)
    reader.close()
    assert seen == [0]


def test_a_source_that_cannot_be_closed_gives_back_all_the_same(caplog):
    class Unclosable(Endless):
        def close(self):
            raise OSError("no")

    reader = RangeReader(BudgetedSource(Unclosable()), 0, LARGE)
    reader.read(BLOCK_SIZE)
    reader.close()
    assert taken() == 0
    assert "no" in caplog.text


def test_a_download_that_is_dropped_gives_back():
    reader, _ = begun()
    assert taken() > 0
    del reader
    gc.collect()
    assert taken() == 0


def test_a_source_that_was_not_made_gives_nothing_back(monkeypatch):
    def refuse(kind):
        raise MemoryError

    monkeypatch.setattr("wsgiresp._files.block_budget.part", refuse)
    with pytest.raises(MemoryError):
        BudgetedSource(Endless())


def started(environ, raises=None):
    def start_response(status, headers, exc_info=None):
        if raises is not None:
            raise raises
        return bytes

    return {"REQUEST_METHOD": "GET", "wsgi.file_wrapper": FileWrapper, **environ}, start_response


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"REQUEST_METHOD": "HEAD"}, id="HEAD"),
        pytest.param({}, id="a body that is not read"),
        pytest.param({"HTTP_RANGE": "bytes=99999999999-"}, id="416"),
    ],
)
def test_an_answer_that_nobody_reads_takes_nothing(path, environ):
    body = FileResponse(path)(*started(environ))
    assert taken() == 0
    getattr(body, "close", bool)()


def test_a_start_response_that_raises_leaves_nothing_taken(path):
    with pytest.raises(OSError, match="no"):
        FileResponse(path)(*started({}, raises=OSError("no")))
    assert taken() == 0


@pytest.mark.parametrize("environ", [{}, {"wsgi.file_wrapper": None}], ids=["a file wrapper", "iteration"])
def test_a_file_that_is_sent_takes_from_the_budget_until_it_is_closed(path, environ):
    body = FileResponse(path)(*started(environ))
    assert len(next(iter(body))) == BLOCK_SIZE
    assert taken() == BLOCK_SIZE - SMALLEST_BLOCK
    assert sum(map(len, body)) == LARGE - BLOCK_SIZE
    assert taken() == BLOCK_SIZE - SMALLEST_BLOCK
    body.close()
    assert taken() == 0


def test_a_file_that_the_kernel_sends_takes_nothing(path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wrapped = transmit.file_body(
            ServerProfile({"gunicorn.socket": ours, "wsgi.file_wrapper": FileWrapper}),
            open_regular(path),
            Span(0, LARGE),
            (),
        )
        reader = wrapped.filelike
        assert type(reader) is SendfileRangeReader
        assert os.sendfile(ours.fileno(), reader.fileno(), 0, 1000) == 1000
        assert taken() == 0
        # gunicorn with "--no-sendfile" reads it instead.
        assert len(reader.read(BLOCK_SIZE)) == BLOCK_SIZE
        assert taken() == BLOCK_SIZE - SMALLEST_BLOCK
        reader.seek(LARGE)
        reader.close()


def test_a_source_that_is_iterated_is_read_within_the_budget(path, crowd):
    assert len(next(iter(PathSource(path)))) == SMALLEST_BLOCK
    with open(path, "rb") as handle:
        assert len(next(iter(HandleSource(handle)))) == SMALLEST_BLOCK


def test_a_forked_child_begins_with_a_whole_budget():
    reader, _ = begun()
    process._after_fork()
    assert taken() == 0
    reader.close()
    assert len(part(BlockBudget).free) * SMALLEST_BLOCK == BUDGET


@settings(max_examples=50, deadline=None)
@given(
    actions=st.lists(
        st.tuples(
            st.sampled_from(["begin", "read", "close", "drop"]), st.integers(0, 400), st.integers(1, 2 * BLOCK_SIZE)
        ),
        max_size=400,
    )
)
def test_downloads_in_any_order_never_hold_more_than_the_budget(actions):
    downloads = []
    for action, which, size in actions:
        if action == "begin" or not downloads:
            # As from many clients at once.
            downloads += [RangeReader(BudgetedSource(Endless()), 0, LARGE) for _ in range(which)]
            blocks = [reader.read(size) for reader in downloads[-which:]] if which else []
            assert all(len(block) >= min(size, SMALLEST_BLOCK) for block in blocks)
        elif action == "read":
            block = downloads[which % len(downloads)].read(size)
            assert min(size, SMALLEST_BLOCK) <= len(block) <= BLOCK_SIZE or len(block) < size
        elif action == "close":
            downloads.pop(which % len(downloads)).close()
        else:
            del downloads[which % len(downloads)]
        held = sum(reader._source._block - SMALLEST_BLOCK for reader in downloads)
        assert held == taken() <= BUDGET
    for reader in downloads:
        reader.close()
