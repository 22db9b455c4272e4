from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.content_digest import content_digest


class Source:
    """Gives at most *step* bytes at a time."""

    def __init__(self, content, step):
        self.content = content
        self.step = step

    def read_at(self, size, position):
        return self.content[position : position + min(size, self.step)]

    def close(self):
        pass


@given(content=st.binary(max_size=50), step=st.integers(1, 9), length=st.integers(0, 60))
def test_the_digest_is_of_the_bytes_up_to_the_length(content, step, length):
    assert content_digest(Source(content, step), length) == hashlib.sha256(content[:length]).hexdigest()[:32]


def test_it_needs_no_hash_that_fips_mode_refuses(monkeypatch):
    """See pypa/twine#706 and pypa/twine#857: the blake2b of a Python in FIPS mode."""

    def refuse(*_, **__):
        raise ValueError("_blake2 is not available in FIPS mode")

    for name in ("blake2b", "blake2s", "md5", "sha1"):
        monkeypatch.setattr(hashlib, name, refuse)
    assert len(content_digest(Source(b"ab", 1), 2)) == 32
