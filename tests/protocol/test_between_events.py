"""What is said before, between and after events, and by which one a reader goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from protocol import whatwg_event_parser as whatwg
from protocol.event_samples import TEXTS, encoded

from wsgiresp._protocol.event_stream import PING, closing_bytes, last_event_id, preamble


@pytest.mark.parametrize(
    ("first", "stream"),
    [
        pytest.param(preamble(None), whatwg.Stream(comments=["open"]), id="a preamble"),
        pytest.param(preamble(3000), whatwg.Stream(comments=["open"], retry=3000), id="a preamble with retry"),
        pytest.param(preamble(0), whatwg.Stream(comments=["open"], retry=0), id="a preamble with retry at once"),
        pytest.param(closing_bytes(5000), whatwg.Stream(retry=5000), id="a closing_bytes"),
        pytest.param(PING, whatwg.Stream(comments=["ping"]), id="a ping"),
    ],
)
def test_what_is_said_between_events_is_no_event(first, stream):
    assert whatwg.read(first) == stream


@pytest.mark.parametrize("said", [preamble(None), preamble(5), closing_bytes(5), PING])
def test_what_is_said_between_events_is_whole_lines_and_no_blank_one(said):
    assert said.endswith(b"\n")
    assert b"" not in said.splitlines()


@pytest.mark.parametrize("said", [preamble(5), closing_bytes(5), PING])
def test_what_is_said_between_events_changes_none(said):
    event = encoded("x", event="tick", id="41")
    assert whatwg.parse(event + said + event) == whatwg.parse(event + event)


@pytest.mark.parametrize("say", [preamble, closing_bytes])
@pytest.mark.parametrize("retry", [True, 1.5, "5", -1])
def test_a_retry_that_is_no_time_is_refused(say, retry):
    with pytest.raises((TypeError, ValueError), match="retry must"):
        say(retry)


@given(text=TEXTS.filter(lambda text: text.isprintable()))
def test_the_id_of_a_browser_comes_back(text):
    assert last_event_id(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("41", "41", id="ASCII"),
        pytest.param("", "", id="nothing"),
        pytest.param("caf\xc3\xa9", "café", id="UTF-8"),
        pytest.param("caf\xe9", "café", id="latin-1"),
        pytest.param("caf\xe9 \u20ac", "caf\xe9 \u20ac", id="what WSGI does not allow"),
    ],
)
def test_the_last_event_id_of_an_environ(value, found):
    assert last_event_id(value) == found
