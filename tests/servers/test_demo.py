"""The demo under the server that ``examples/serve`` starts answers what its README says."""

from __future__ import annotations

import json

import pytest
from examples.readme_tables import EXAMPLES, OF_THE_CHECKOUT, rows, shows
from servers.server_processes import cases, serve

from wsgiresp._protocol.event_reader import EventReader

CONFIG = ("--config", "serve_conf.py")
OF_THE_SERVER = {"connection", "date", "server", "transfer-encoding"}


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def demo(request):
    with serve(request.param, "demo:app", *CONFIG, folder=EXAMPLES) as server:
        yield server


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.request)
def test_an_answer_is_that_of_the_readme(demo, row):
    answer = demo.exchange(row.method, row.target)
    listed = [f"Content-Type: {row.content_type}", *row.fields()]
    left_out = OF_THE_SERVER | OF_THE_CHECKOUT
    if "Content-Length" not in row.headers:
        left_out.add("content-length")
    assert answer.status == int(row.status)
    assert sorted(f"{k}: {v}" for k, v in answer.fields if k.lower() not in left_out) == sorted(listed)
    assert shows(row.body, answer.body)


def test_every_length_is_that_of_the_body(demo):
    for row in rows():
        if row.method != "HEAD":
            answer = demo.exchange(row.method, row.target)
            # A stream has none, and is chunked.
            assert answer.values("Content-Length") + answer.values("Transfer-Encoding") in (
                [str(len(answer.body))],
                ["chunked"],
            )


def test_one_connection_serves_every_row(demo):
    with demo.connect() as connection:
        statuses = [connection.exchange(row.method, row.target).status for row in rows()]
    assert statuses == [int(row.status) for row in rows()]


def test_the_log_tells_of_the_background_task(demo):
    demo.exchange("GET", "/background")
    assert demo.log.wait_for("plain_app: answered GET /background\n")


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_the_views_of_a_framework_stand_below_a_path_of_their_own(demo, framework):
    answer = demo.exchange("GET", f"/{framework}/custom")
    assert (answer.status, answer.body, answer.values("X-Custom-Header")) == (200, b"Custom content", ["value"])


class LogReader:
    """Whoever reads the log of *server* after the line *last_id*."""

    def __init__(self, server, last_id=""):
        self._connection = server.connect()
        self._connection.request("GET", f"/streams/log?last_id={last_id}")
        pieces = self._connection.pieces(self._connection.head())
        reader = EventReader()
        self.lines = (event for piece in pieces for event in reader.feed(piece))
        self.worker = next(self.lines).json()["worker"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()


def restart(server):
    """Ask for another worker as the page does."""
    return server.exchange("POST", "/restart", ("Origin", "http://{}:{}".format(*server.address)))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_one_worker_shows_the_bytes_of_its_own_answer(demo, method):
    shown = json.loads(demo.exchange("GET", f"/raw?path=/text&method={method}").body)
    head, _, body = shown["response"].encode("latin-1").partition(b"\r\n\r\n")
    answer = demo.exchange(method, "/text")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: ")
    assert (body, b"\r\nContent-Length: 13" in head) == (answer.body, True)


def test_the_bytes_of_a_stream_have_its_framing(demo):
    shown = json.loads(demo.exchange("GET", "/raw?path=/streams/count%3Fpause%3D0").body)
    assert shown["response"].endswith("data: 9\n\r\n0\r\n\r\n")


def test_a_request_that_leads_back_to_itself_is_stopped(demo):
    shown = json.loads(demo.exchange("GET", "/raw?path=/raw%3Fpath%3D/text").body)
    assert shown["response"].startswith("HTTP/1.1 508 ")


def test_a_log_goes_on_at_the_next_worker(demo):
    with LogReader(demo) as reader:
        old = reader.worker
        assert restart(demo).status == 202
        lines = list(reader.lines)  # until its worker ends
    demo.log.wait_for(f"demo: worker {old} has ended\n")
    new = demo.log.wait_for(rf"demo: worker (?!{old}\b)(\d+) has begun\n")[1]
    awaited = {f"worker {old} has ended", f"worker {new} has begun"} - {line.data for line in lines}
    with LogReader(demo, lines[-1].id) as reader:
        assert reader.worker == int(new)
        while awaited:
            lines.append(next(reader.lines))
            awaited.discard(lines[-1].data)
    numbers = [int(line.id.rpartition("-")[2]) for line in lines]
    assert numbers == [*range(numbers[0], numbers[-1] + 1)]


@pytest.mark.parametrize(
    ("server", "options"),
    [
        pytest.param("wsgiref", (), id="another server"),
        pytest.param("gunicorn:gevent", ("--preload",), id="a worker that did not import the demo itself"),
    ],
)
def test_a_restart_without_a_master_that_imported_the_demo_is_refused(server, options):
    with serve(server, "demo:app", *options, folder=EXAMPLES) as running:
        assert restart(running).status == 409


def test_nothing_is_left_of_the_files_of_the_demo(tmp_path):
    with serve("gunicorn:gevent", "demo:app", *CONFIG, folder=EXAMPLES, environ={"TMPDIR": str(tmp_path)}) as server:
        server.exchange("HEAD", "/tones.wav")
        server.exchange("GET", "/background")
        worker = server.worker_pid
        restart(server)
        server.log.wait_for(f"demo: worker {worker} has ended\n")
        server.exchange("HEAD", "/tones.wav")
        made = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    assert made >= {"demo", "django_app", "flask_app", "tones"}
    assert list(tmp_path.iterdir()) == []
