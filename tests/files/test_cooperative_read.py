"""Large files under gevent, and the other greenlets."""

from __future__ import annotations

import threading

import gevent
import pytest

from wsgiresp._files import cooperative_read
from wsgiresp._files.cooperative_read import BYTES_PER_TURN, CooperativeSource, NonblockingSource
from wsgiresp._files.safe_open import open_regular

QUARTER = BYTES_PER_TURN // 4


class Zeros:
    """A source without end."""

    descriptor = -1

    def __init__(self):
        self.threads = []
        self.is_closed = False

    def read_at(self, size, position):
        self.threads.append(threading.get_ident())
        return bytes(size)

    def close(self):
        self.is_closed = True


def turns_of_others(source, quarters):
    """Read *quarters* of a block of *source* in a greenlet; return before which of them another one had its turn."""
    had = []

    def other():
        while True:
            had.append(True)
            gevent.sleep(0)

    def read():
        before = []
        for quarter in range(quarters):
            seen = len(had)
            source.read_at(QUARTER, quarter * QUARTER)
            before.append(len(had) > seen)
        return before

    greenlets = [gevent.spawn(other), gevent.spawn(read)]
    try:
        return greenlets[1].get()
    finally:
        gevent.killall(greenlets)


def test_the_others_have_a_turn_after_each_block():
    assert turns_of_others(CooperativeSource(Zeros()), 9) == [False] * 4 + [True] + [False] * 3 + [True]


def test_closing_closes_the_source():
    source = Zeros()
    CooperativeSource(source).close()
    assert source.is_closed


def cached(*arguments):
    return 1


def waiting(*arguments):
    raise BlockingIOError


def unsupported(*arguments):
    raise OSError(95, "Operation not supported")


def test_what_is_cached_is_read_at_once(monkeypatch):
    monkeypatch.setattr(cooperative_read, "_preadv", cached)
    source = Zeros()
    assert turns_of_others(NonblockingSource(source), 4) == [False] * 4
    assert set(source.threads) == {threading.get_ident()}


@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(waiting, id="the disk would have to be waited for"),
        pytest.param(unsupported, id="the file system cannot tell"),
        pytest.param(None, id="the system cannot tell"),
    ],
)
def test_for_the_rest_another_thread_waits(monkeypatch, probe):
    monkeypatch.setattr(cooperative_read, "_preadv", probe)
    source = Zeros()
    assert turns_of_others(NonblockingSource(source), 4) == [True] * 4
    assert threading.get_ident() not in source.threads


@pytest.mark.parametrize("most", [QUARTER, 10])
def test_what_a_file_holds_is_what_is_read(tmp_path, most):
    (tmp_path / "file").write_bytes(b"0123456789" * 100)
    source = NonblockingSource(open_regular(str(tmp_path / "file")))
    read = gevent.spawn(lambda: [source.read_at(most, 0), source.read_at(most, 995), source.read_at(most, 1000)]).get()
    source.close()
    assert read == [(b"0123456789" * 100)[:most], b"56789", b""]
