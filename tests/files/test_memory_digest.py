"""Digest of the bytes of a BytesIO: of those that are sent, and beside other greenlets."""

from __future__ import annotations

import hashlib
import io

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.memory_digest import BYTES_PER_JOB, IN_GREENLET, is_plain_bytesio, memory_digest

LARGE = bytes(range(256)) * ((2 * BYTES_PER_JOB + 1000) // 256)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@given(content=st.binary(max_size=100), origin=st.integers(0, 120), is_written=st.booleans())
def test_it_is_of_the_bytes_from_the_position_to_the_end(content, origin, is_written):
    handle = io.BytesIO(b"" if is_written else content)
    if is_written:
        handle.write(content)
    handle.seek(origin)
    assert memory_digest(handle, origin) == sha256(handle.read())


def test_the_position_stays():
    handle = io.BytesIO(b"0123456789")
    handle.seek(3)
    memory_digest(handle, 3)
    assert handle.tell() == 3


class OwnRead(io.BytesIO):
    def read(self, size=-1):
        return super().read(size).upper()


class OwnSeek(io.BytesIO):
    def seek(self, offset, whence=0):
        return super().seek(offset, whence)


class OwnClose(io.BytesIO):
    """What keeps its bytes after the response."""

    def close(self):
        pass


def with_a_replaced_read():
    handle = io.BytesIO(b"ab")
    handle.read = lambda size=-1: b"cd"
    return handle


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(OwnRead(b"ab"), id="a subclass with a read of its own"),
        pytest.param(OwnSeek(b"ab"), id="a subclass with a seek of its own"),
        pytest.param(with_a_replaced_read(), id="a replaced read"),
        pytest.param(io.BufferedReader(io.BytesIO(b"ab")), id="no BytesIO"),
    ],
)
def test_an_object_that_may_send_other_bytes_is_no_plain_one(handle):
    assert not is_plain_bytesio(handle)


@pytest.mark.parametrize("kind", [io.BytesIO, OwnClose])
def test_one_that_reads_as_a_bytesio_is_plain(kind):
    assert is_plain_bytesio(kind(b"ab"))


@pytest.mark.parametrize("length", [0, IN_GREENLET, IN_GREENLET + 1, BYTES_PER_JOB, BYTES_PER_JOB + 1, len(LARGE)])
def test_a_digest_under_a_hub_is_the_same(length):
    assert gevent.spawn(memory_digest, io.BytesIO(LARGE[:length]), 0).get() == sha256(LARGE[:length])


def turns_beside(length):
    """Return how often another greenlet had its turn while the digest of *length* bytes was made."""
    turns = []
    is_done = []

    def turn():
        while not is_done:
            turns.append(1)
            gevent.sleep(0)

    def digest():
        before = len(turns)
        memory_digest(io.BytesIO(LARGE[:length]), 0)
        is_done.append(True)
        return len(turns) - before

    other = gevent.spawn(turn)
    made = gevent.spawn(digest)
    gevent.joinall([other, made], raise_error=True)
    return made.value


def test_other_greenlets_run_while_much_is_hashed():
    assert turns_beside(len(LARGE)) >= 2


def test_little_is_hashed_without_a_switch():
    assert turns_beside(IN_GREENLET) == 0


def test_the_object_can_be_closed_while_it_is_hashed():
    handle = io.BytesIO(LARGE)
    made = gevent.spawn(memory_digest, handle, 0)
    closed = gevent.spawn(handle.close)
    gevent.joinall([made, closed], raise_error=True)
    assert made.value == sha256(LARGE)


def test_an_interrupted_digest_leaves_an_object_that_can_be_closed():
    handle = io.BytesIO(LARGE)
    made = gevent.spawn(memory_digest, handle, 0)
    gevent.spawn(made.kill).join()
    handle.close()
    assert made.dead
