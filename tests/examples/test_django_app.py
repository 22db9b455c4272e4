"""Every snippet of FastAPI's page answers as it does there, through Django: status, the headers that matter, body."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from examples.fastapi_page import EVENTS, SESSION, blocks, cookie_of, each_snippet, text_of
from servers.server_processes import cases, serve

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("django_app")


# A process of its own, since a process has one Django.
@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "uvicorn"))
def server(request, folder):
    app = "django_app:asgi" if request.param == "uvicorn" else "django_app:app"
    environ = {"DJANGO_APP_FOLDER": str(folder), "DJANGO_APP_PAUSE": "0"}
    with serve(request.param, app, folder=EXAMPLES, environ=environ) as running:
        yield running


@each_snippet
def test_a_snippet_answers_as_on_the_page(server, method, path, status, headers, body):
    answer = server.exchange(method, path)
    assert answer.status == status
    found = {name.lower(): value for name, value in answer.fields}
    assert {name: found[name.lower()] for name in headers} == headers
    assert answer.body.decode() == text_of(body)


def test_the_page_is_html(server):
    assert b"<h1>Hello World!</h1>" in server.exchange("GET", "/").body


def test_an_item_is_made(server):
    answer = server.exchange(
        "POST", "/items", ("Content-Type", "application/json"), body=b'{"name": "Portal Gun", "price": "42"}'
    )
    assert (answer.status, json.loads(answer.body)) == (201, {"name": "Portal Gun", "price": 42.0})


def test_the_type_of_an_image_is_that_of_its_name(server):
    answer = server.exchange("GET", "/image")
    assert (answer.values("Content-Type"), answer.body) == (["image/png"], b"\x89PNG\r\n")


def test_the_cookie_is_set_and_deleted(server):
    (cookie,) = server.exchange("POST", "/login").values("Set-Cookie")
    assert cookie_of(cookie) == SESSION
    (cookie,) = server.exchange("POST", "/logout").values("Set-Cookie")
    assert "max-age=0" in cookie.lower()


def test_the_events_are_those_of_the_page(server):
    answer = server.exchange("GET", "/events")
    assert {name: answer.values(name) for name in EVENTS} == {name: [value] for name, value in EVENTS.items()}
    assert blocks(answer.body.decode()) == [["event: message", f"data: Event {i}"] for i in range(10)]


def test_the_notifications_are_those_of_the_page(server):
    first, *between, last = blocks(server.exchange("GET", "/notifications").body.decode())
    assert (first, last) == (["event: start", "data: Stream started"], ["event: end", "data: Stream ended"])
    assert [dict(line.split(": ", 1) for line in block)["id"] for block in between] == list("01234")


def test_the_log_is_written_after_the_response(server, folder):
    (folder / "log.txt").write_text("")
    server.exchange("POST", "/send-notification")
    server.exchange("POST", "/process")
    deadline = time.monotonic() + 10
    while (text := (folder / "log.txt").read_text()).count("\n") < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(text.splitlines()) == ["Notification sent", "Processing started"]
