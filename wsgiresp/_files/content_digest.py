"""Digest of the bytes of an open file, for a tag that its times alone cannot make."""

from __future__ import annotations

from hashlib import blake2b

from wsgiresp._files.range_reader import ByteSource

LARGEST = 65536
"""Bytes of the largest file whose tag has a digest for a while.

A larger one may be fetched in parts, without a condition: nginx's slice module breaks a transfer off in which the tag
changes, and keeps the parts that it has.
"""


def content_digest(source: ByteSource, length: int) -> str:
    """Return the digest of the first *length* bytes of *source*, 128 bits in 32 hex digits.

    Fewer bytes are read where the source has become shorter; who sends them notices that. Blocks until they are read.
    """
    digest = blake2b(digest_size=16, usedforsecurity=False)
    position = 0
    while position < length:
        chunk = source.read_at(length - position, position)
        if not chunk:
            break
        digest.update(chunk)
        position += len(chunk)
    return digest.hexdigest()
