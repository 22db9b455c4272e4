from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.file_versions import FIRST_CREDIBLE, last_modified, version

SECOND = 10**9
NOW = 1_700_000_000
# Who sets which time: NixOS/nixpkgs#25485, GoogleChrome/web.dev#3913, fedwiki/wiki-server#151.
PACKAGERS = [
    pytest.param(0, id="the epoch"),
    pytest.param(1, id="Nix"),
    pytest.param(315532800, id="zip, in UTC"),
    pytest.param(315532801, id="App Engine"),
    pytest.param(499162500, id="npm"),
    pytest.param(946684800, id="Bazel"),
]
# A zip archive has local time: 1980 may be the last hours of 1979.
BEFORE = st.integers(-(2**40), FIRST_CREDIBLE * SECOND - 1)
AFTER = st.integers(FIRST_CREDIBLE * SECOND, 2**62)
NUMBERS = st.integers(0, 2**63)


def test_the_border_is_the_first_moment_of_2001():
    assert datetime.fromtimestamp(FIRST_CREDIBLE, UTC) == datetime(2001, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("mtime", PACKAGERS)
def test_the_constant_of_a_packager_is_no_date(mtime):
    assert last_modified(mtime * SECOND, NOW) is None


@given(mtime_ns=BEFORE)
def test_no_time_before_the_border_is_a_date(mtime_ns):
    assert last_modified(mtime_ns, NOW) is None


@pytest.mark.parametrize(
    ("mtime_ns", "seconds"),
    [
        pytest.param(FIRST_CREDIBLE * SECOND - 1, None, id="a nanosecond before the border"),
        pytest.param(FIRST_CREDIBLE * SECOND, FIRST_CREDIBLE, id="the border"),
        pytest.param(1_650_000_000_999_999_999, 1_650_000_000, id="a fraction of a second"),
        pytest.param(NOW * SECOND, NOW, id="now"),
        pytest.param((NOW + 1) * SECOND, NOW, id="the future"),
    ],
)
def test_a_later_time_is_a_date_up_to_now(mtime_ns, seconds):
    assert last_modified(mtime_ns, NOW) == seconds


@given(mtime_ns=AFTER, size=NUMBERS, one=st.tuples(NUMBERS, NUMBERS), other=st.tuples(NUMBERS, NUMBERS))
def test_copies_with_one_time_after_the_border_have_one_version(mtime_ns, size, one, other):
    assert version(mtime_ns, size, *one) == version(mtime_ns, size, *other)


@given(mtime_ns=BEFORE, size=NUMBERS, one=st.tuples(NUMBERS, NUMBERS), other=st.tuples(NUMBERS, NUMBERS))
def test_before_the_border_inode_and_ctime_tell_versions_apart(mtime_ns, size, one, other):
    assert (version(mtime_ns, size, *one) == version(mtime_ns, size, *other)) == (one == other)


@given(
    one=st.tuples(BEFORE | AFTER, NUMBERS), other=st.tuples(BEFORE | AFTER, NUMBERS), rest=st.tuples(NUMBERS, NUMBERS)
)
def test_time_and_size_tell_versions_apart(one, other, rest):
    assert (version(*one, *rest) == version(*other, *rest)) == (one == other)
