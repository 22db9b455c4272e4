"""The EventSource of Chromium: what a page sees of a stream, and what it does when the stream ends."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

import pytest
from clients.external_programs import needs
from servers.server_processes import cases, serve

pytestmark = needs("chromium", "chromedriver")

LAST = 24  # the number of the last event, in apps/events.py
SIGN = "№ é"

# Hands over what has come when an event of the type `last` has.
LISTEN = """
const [url, types, last, done] = arguments;
const seen = [];
let connections = 0;
const source = new EventSource(url);
source.onopen = () => { connections += 1; };
for (const type of types) source.addEventListener(type, event => {
    seen.push([event.type, event.data, event.lastEventId]);
    if (type === last) { source.close(); done({seen, connections}); }
});
"""

RELEASE_WHEN_OPEN = """
const [name, done] = arguments;
const order = [];
const source = new EventSource("/silent/" + name);
source.onopen = () => { order.push("open"); fetch("/release/" + name); };
source.onmessage = event => { order.push(event.data); source.close(); done(order); };
"""

WAIT_FOR_THE_END = """
const done = arguments[0];
const seen = [];
const source = new EventSource("/once/");
source.onmessage = event => seen.push(event.data);
source.onerror = () => { if (source.readyState === EventSource.CLOSED) done(seen); };
"""

WAIT_FOR_ONE = """
const [url, done] = arguments;
window.source = new EventSource(url);
window.source.onmessage = () => done();
"""

CLOSE = """
window.source.close();
arguments[0]();
"""


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def server(request):
    with serve(request.param, "events:app", "--threads", "8") as server:
        yield server


@pytest.fixture
def page(server, browser):
    """The browser, on a page of the server."""
    browser.open("http://{}:{}/page/".format(*server.address))
    return browser


def test_a_stream_is_open_before_its_first_event(page, mark):
    assert page.run(RELEASE_WHEN_OPEN, mark) == ["open", "released"]


def test_events_arrive_with_their_type_data_and_id(page):
    heard = page.run(LISTEN, "/typed/", ["message", "record", "end"], "end")
    assert heard["seen"] == [
        ["message", "text", ""],
        ["record", '{"price":1.5,"name":"Grüße"}', "1"],
        ["record", "two\nlines\nor\nfour", "2"],
        ["message", '["\u2028"," \ufeff",null]', "2"],
        ["record", "", ""],
        ["end", "", ""],
    ]


ENDINGS = [
    pytest.param("ends", id="the source ends"),
    pytest.param("ages", id="max_age is over"),
    pytest.param("fails", id="the source fails"),
]


@pytest.mark.parametrize("how", ENDINGS)
def test_a_browser_that_comes_back_misses_and_repeats_nothing(page, mark, how):
    heard = page.run(LISTEN, f"/{how}/{mark}", ["number", "end"], "end")
    assert [data for _, data, _ in heard["seen"]] == [*map(str, range(1, LAST + 1)), ""]


# Of a transfer that breaks off Chromium may drop what it has received and not dispatched; then it asks for that again.
@pytest.mark.parametrize("how", ENDINGS[:2])
def test_a_browser_comes_back_with_the_id_it_saw_last(server, page, mark, how):
    heard = page.run(LISTEN, f"/{how}/{mark}", ["number", "end"], "end")
    first, *later = map(ast.literal_eval, re.findall(rf"^events: {mark} asked after (.*)$", server.log.text, re.M))
    numbers = [0, *(int(last_id.removeprefix(SIGN)) for last_id in later)]
    assert (first, len(numbers)) == (None, heard["connections"])
    assert all(one < another <= LAST for one, another in pairwise(numbers))


def test_a_browser_that_is_answered_with_204_does_not_come_back(page):
    assert page.run(WAIT_FOR_THE_END) == ["all there is"]


def test_the_source_is_closed_when_the_page_closes_its_own(server, page, mark):
    page.run(WAIT_FOR_ONE, f"/endless/{mark}")
    page.run(CLOSE)
    assert server.log.wait_for(f"events: closed {mark}\n")


# A page that was left by a link may stay as it is, with its connections, for whoever goes back.
def test_the_source_is_closed_when_the_tab_is(server, browser, mark):
    with browser.tab():
        browser.open("http://{}:{}/page/".format(*server.address))
        browser.run(WAIT_FOR_ONE, f"/endless/{mark}")
    assert server.log.wait_for(f"events: closed {mark}\n")
