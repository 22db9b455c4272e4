"""Cooperative reads of large files under gevent: other greenlets run between blocks and while the disk is read."""

from __future__ import annotations

import threading

import gevent
import pytest

from wsgiresp._files import cooperative_read
from wsgiresp._files.cooperative_read import BYTES_PER_TURN, CooperativeSource, NonblockingSource
from wsgiresp._files.safe_open import open_regular

QUARTER = BYTES_PER_TURN // 4


class Zeros:
    """An endless source of zeros, which records the threads that read it."""

    def __init__(self):
        self.threads = []
        self.is_closed = False

    def read_at(self, size, position):
        self.threads.append(threading.get_ident())
        return bytes(size)

    def close(self):
        self.is_closed = True


def switches_of_reads(source, quarters):
    """Read *quarters* of a block of *source* in a greenlet; return whether another ran during each."""
    runs = []

    def other():
        while True:
            runs.append(True)
            gevent.sleep(0)

    def read():
        before = []
        for quarter in range(quarters):
            seen = len(runs)
            source.read_at(QUARTER, quarter * QUARTER)
            before.append(len(runs) > seen)
        return before

    greenlets = [gevent.spawn(other), gevent.spawn(read)]
    try:
        return greenlets[1].get()
    finally:
        gevent.killall(greenlets)


def test_other_greenlets_run_after_each_block():
    assert switches_of_reads(CooperativeSource(Zeros()), 9) == [False] * 4 + [True] + [False] * 3 + [True]


def test_close_closes_the_source():
    source = Zeros()
    CooperativeSource(source).close()
    assert source.is_closed


def cached(*arguments):
    return 1


def waiting(*arguments):
    raise BlockingIOError


def unsupported(*arguments):
    raise OSError(95, "Operation not supported")


def test_cached_bytes_are_read_without_a_switch(monkeypatch):
    monkeypatch.setattr(cooperative_read, "_preadv", cached)
    source = Zeros()
    assert switches_of_reads(NonblockingSource(source, -1), 4) == [False] * 4
    assert set(source.threads) == {threading.get_ident()}


@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(waiting, id="the bytes are not cached"),
        pytest.param(unsupported, id="a file system without RWF_NOWAIT"),
        pytest.param(None, id="a system without preadv"),
    ],
)
def test_other_bytes_are_read_in_another_thread(monkeypatch, probe):
    monkeypatch.setattr(cooperative_read, "_preadv", probe)
    source = Zeros()
    assert switches_of_reads(NonblockingSource(source, -1), 4) == [True] * 4
    assert threading.get_ident() not in source.threads


@pytest.mark.parametrize("most", [QUARTER, 10])
def test_the_bytes_of_a_file_are_read_unchanged(tmp_path, most):
    (tmp_path / "file").write_bytes(b"0123456789" * 100)
    opened = open_regular(str(tmp_path / "file"))
    source = NonblockingSource(opened, opened.descriptor)
    read = gevent.spawn(lambda: [source.read_at(most, 0), source.read_at(most, 995), source.read_at(most, 1000)]).get()
    source.close()
    assert read == [(b"0123456789" * 100)[:most], b"56789", b""]


@pytest.mark.parametrize(
    ("probe", "is_known"),
    [
        pytest.param(cached, True, id="the bytes are cached"),
        pytest.param(waiting, True, id="the bytes are not cached"),
        pytest.param(unsupported, False, id="a file system without RWF_NOWAIT"),
        pytest.param(None, False, id="a system without preadv"),
    ],
)
def test_a_file_system_may_not_tell_what_is_cached(monkeypatch, probe, is_known):
    monkeypatch.setattr(cooperative_read, "_preadv", probe)
    assert cooperative_read.knows_page_cache(-1, 0) is is_known
