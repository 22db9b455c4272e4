"""A picture for the docs is the one that the browser made, in fewer bytes."""

from __future__ import annotations

import struct
import zlib

import pytest
from clients.screenshots import SIGNATURE, small

WIDTH, HEIGHT = 40, 30
PIXELS = b"".join(b"\0" + bytes(x * y % 7 for x in range(WIDTH)) for y in range(HEIGHT))
HEADER = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunks(image):
    """Return the chunks of *image*, each as its kind and its data, their checksums compared."""
    assert image.startswith(SIGNATURE)
    at, found = len(SIGNATURE), []
    while at < len(image):
        length, kind = struct.unpack_from(">I4s", image, at)
        data = image[at + 8 : at + 8 + length]
        assert chunk(kind, data) == image[at : at + length + 12]
        found.append((kind, data))
        at += length + 12
    return found


@pytest.fixture
def image():
    """What Chromium makes: packed fast, in several chunks, with some that say nothing of the pixels."""
    packed = zlib.compress(PIXELS, 0)
    middle = len(packed) // 2
    parts = [
        (b"IHDR", HEADER),
        (b"sBIT", b"\x08"),
        (b"IDAT", packed[:middle]),
        (b"IDAT", packed[middle:]),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(chunk(*part) for part in parts)


def test_the_pixels_are_the_same(image):
    (_, header), (_, packed), _ = chunks(small(image))
    assert (header, zlib.decompress(packed)) == (HEADER, PIXELS)


def test_what_is_left_is_what_a_picture_needs(image):
    assert [kind for kind, _ in chunks(small(image))] == [b"IHDR", b"IDAT", b"IEND"]


def test_there_are_fewer_bytes(image):
    assert len(small(image)) < len(image)
