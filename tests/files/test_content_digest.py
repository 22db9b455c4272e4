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
    expected = hashlib.blake2b(content[:length], digest_size=16).hexdigest()
    assert content_digest(Source(content, step), length) == expected
