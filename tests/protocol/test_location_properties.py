"""Targets of redirects of any text: a browser goes where it was said it would, or they are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from protocol.url_resolver import HERE, Place, resolve

from wsgiresp._protocol.locations import location

# What parsers of URLs disagree on, and the parts of hosts, allowed or not.
PIECES = st.one_of(
    st.sampled_from(["/", "\\", ":", "@", "?", "#", "[", "]", ".", "\t", "\n", "\0", " ", "\x85", "\u3002", "\uff0f"]),
    st.sampled_from(["http:", "https:", "HTTPS:", "ftp:", "app:", "javascript:", "//", "https://", "//example.com"]),
    st.sampled_from(["example.com", "EXAMPLE.com", "evil.example", ".evil.example", "é", "ß", "xn--", "\ud800", "::1"]),
    st.sampled_from(["x", "..", "%2f", "%5c", "%", ":80", "user@"]),
)
STARTS = st.sampled_from(["", "/", "//", "\\", "https:", "http://", "https://", "//example.com", "https://example.com"])
TARGETS = st.one_of(
    st.tuples(STARTS, st.lists(PIECES, max_size=6).map("".join)).map("".join),
    st.text(max_size=20),
)
SCHEMES = ("http", "https", "ftp", "app")


@given(url=TARGETS)
def test_no_accepted_target_leaves_the_allowed_host(url: str) -> None:
    text = accepted(url, allowed_schemes=SCHEMES, allowed_hosts={"example.com"})
    if text is not None:
        assert resolve(text, Place("https", "example.com")).host == "example.com"


@given(url=TARGETS)
def test_no_accepted_target_leaves_the_site_where_no_host_is_allowed(url: str) -> None:
    text = accepted(url, allowed_schemes=SCHEMES, allowed_hosts=())
    if text is not None:
        assert resolve(text, HERE) == HERE


@given(url=TARGETS)
def test_no_target_is_read_as_another_one_than_was_written(url: str) -> None:
    text = accepted(url)
    if text is not None:
        assert text.isascii()
        assert text.isprintable()
        assert " " not in text
        assert location(text) == text
        assert resolve(text, HERE).scheme in {"http", "https"}
        assert resolve(text, HERE).host


@given(path=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40))
def test_any_path_is_accepted_and_means_the_same_once_encoded(path: str) -> None:
    assert unquote(location(f"/a/{path}/")) == unquote(f"/a/{path}/")


def accepted(url: str, **allowed: Any) -> str | None:
    """Return the text for *url*, None if it is refused by name and not by the error of a codec."""
    try:
        return location(url, **allowed)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        return None
