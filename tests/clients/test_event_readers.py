"""Readers of events in Python, and curl: each gets the events that were sent, with their ids, and no empty ones."""

from __future__ import annotations

import http.client
import json

import pytest
from clients.external_programs import needs, run
from known_faults import Fault
from protocol import whatwg_event_parser as whatwg
from servers.http_client import TruncatedError
from servers.server_processes import cases, serve

CURL = ("curl", "-q", "--silent", "--show-error", "--no-buffer")

# Of /typed/ in apps/events.py, as (type, data, id): pings stand between them, also right behind one with an id.
SENT = [
    ("message", "text", ""),
    ("record", '{"price":1.5,"name":"Grüße"}', "1"),
    ("record", "two\nlines\nor\nfour", "2"),
    ("message", '["\u2028"," \ufeff",null]', "2"),
    ("record", "", ""),
    ("end", "", ""),
]

FORGETS_THE_LAST_ID = Fault(
    "sseclient-py",
    "tests/clients/test_event_readers.py, FORGETS_THE_LAST_ID",
    "gives the id that an event has itself instead of the one that was seen last",
)


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread", "waitress", "werkzeug"))
def server(request):
    with serve(request.param, "events:app") as server:
        yield server


@pytest.fixture
def url(server):
    return "http://{}:{}/typed/".format(*server.address)


@needs("curl")
def test_curl_shows_the_stream_as_it_was_sent(url, tmp_path):
    stream = whatwg.read(run(tmp_path, *CURL, url).encode())
    assert stream.events == SENT
    assert stream.retry == 5000


@needs("curl")
def test_pings_stand_between_the_events(url, tmp_path):
    opening, *comments = whatwg.read(run(tmp_path, *CURL, url).encode()).comments
    assert (opening, set(comments)) == ("open", {"ping", "nothing but a comment"})


@needs("curl")
def test_curl_shows_an_event_before_the_next_is_made(server, tmp_path):
    host, port = server.address
    # Reads what comes until the stream is a second old, which is never to end.
    command = ("--max-time", "1", "--output", "seen", f"http://{host}:{port}/endless/curl")
    with pytest.raises(AssertionError, match="ended with 28"):
        run(tmp_path, *CURL, *command)
    assert whatwg.read((tmp_path / "seen").read_bytes()).events == [("message", "one", "")]


def test_a_stream_that_fails_is_a_broken_transfer(server):
    with pytest.raises(TruncatedError):
        server.exchange("GET", "/fails/")


def test_httpx_sse_gets_the_events(url):
    httpx = pytest.importorskip("httpx", reason="not installed: httpx")
    httpx_sse = pytest.importorskip("httpx_sse", reason="not installed: httpx-sse")
    with httpx.Client(trust_env=False) as client, httpx_sse.connect_sse(client, "GET", url) as source:
        assert [(event.event, event.data, event.id) for event in source.iter_sse()] == SENT


def test_sseclient_gets_the_events(server, note_fault):
    sseclient = pytest.importorskip("sseclient", reason="not installed: sseclient-py")
    connection = http.client.HTTPConnection(*server.address)
    connection.request("GET", "/typed/")
    with connection.getresponse() as answer:
        events = list(sseclient.SSEClient(answer).events())
    connection.close()
    assert [(event.event, event.data) for event in events] == [(kind, data) for kind, data, _ in SENT]
    own, last = [None, "1", "2", None, "", None], [last for *_, last in SENT]
    ids = [event.id for event in events]
    note_fault(FORGETS_THE_LAST_ID, shows=ids == own)
    assert ids in (own, last)


def test_httpx_reads_json_lines_one_by_one(server):
    httpx = pytest.importorskip("httpx", reason="not installed: httpx")
    url = "http://{}:{}/lines/".format(*server.address)
    with httpx.Client(trust_env=False) as client, client.stream("GET", url) as answer:
        documents = [json.loads(line) for line in answer.iter_lines()]
    assert [document["number"] for document in documents] == [0, 1, 2]
