"""Digest of the bytes of an open file, for a tag that its times cannot make."""

from __future__ import annotations

import hashlib

from wsgiresp._files.range_reader import ByteSource

LARGEST = 65536
"""Bytes of the largest file whose content is read for its tag: 0.1 ms."""

_DIGITS = 32  # 128 bits


def content_digest(source: ByteSource, length: int) -> str:
    """Return the first 32 hex digits of the SHA-256 of the first *length* bytes of *source*.

    Fewer bytes are read if the source has become shorter: sending them raises the error. Blocks until they are read.
    """
    # Not blake2b: Pythons in FIPS mode refuse it, or do not know its digest_size (pypa/twine#706, pypa/twine#857).
    digest = hashlib.sha256()
    position = 0
    while position < length:
        chunk = source.read_at(length - position, position)
        if not chunk:
            break
        digest.update(chunk)
        position += len(chunk)
    return digest.hexdigest()[:_DIGITS]
