"""Every snippet of FastAPI's page answers as it does there, through Django: status, the headers that matter, body."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from servers.serving import cases, serve

EXAMPLES = Path(__file__).parents[2] / "examples"

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
EVENTS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
ITEMS = {"items": ["item1", "item2"]}


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


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body"),
    [
        ("GET", "/custom", 200, TEXT | {"X-Custom-Header": "value"}, "Custom content"),
        ("GET", "/json/items", 200, JSON | {"X-Custom-Header": "value"}, ITEMS),
        ("GET", "/model/items", 200, JSON, {"name": "Portal Gun", "price": 42.0}),
        ("GET", "/page", 200, HTML, "<h1>Hello</h1>"),
        ("GET", "/text", 200, TEXT, "Hello, World!"),
        ("GET", "/plain", 200, TEXT, "Plain text content"),
        ("GET", "/old-path", 307, {"Location": "/new-path"}, ""),
        ("GET", "/redirect", 302, {"Location": "https://example.com"}, ""),
        ("GET", "/stream", 200, TEXT, "".join(f"data: {i}\n" for i in range(10))),
        ("GET", "/video", 200, {"Content-Type": "video/mp4"}, "a video\n" * 3),
        (
            "GET",
            "/download",
            200,
            {
                "Content-Type": "application/pdf",
                "Content-Disposition": 'attachment; filename="monthly_report.pdf"',
                "Accept-Ranges": "bytes",
            },
            "%PDF-1.7\n",
        ),
        ("GET", "/orjson/items", 200, JSON, ITEMS),
        ("GET", "/html/root", 200, HTML, "<h1>Hello</h1>"),
        ("GET", "/html/items", 200, HTML, "<html><body><h1>Items</h1></body></html>"),
        ("GET", "/items", 200, JSON | {"X-Custom-Header": "value"}, {"message": "Success"}),
        ("POST", "/login", 200, JSON, {"message": "Logged in"}),
        ("POST", "/logout", 200, JSON, {"message": "Logged out"}),
        ("GET", "/headers/items", 200, JSON | {"X-Custom-Header": "Custom Value", "X-Process-Time": "0.123"}, ITEMS),
        ("POST", "/send-notification", 200, JSON, {"message": "Notification sent in background"}),
        ("POST", "/process", 200, JSON, {"status": "processing"}),
        ("GET", "/items/1", 200, JSON, {"name": "Portal Gun"}),
        ("GET", "/items/2", 404, JSON, {"detail": "Item not found"}),
        ("GET", "/custom-error/items/1", 200, JSON, {"name": "Portal Gun"}),
        ("GET", "/custom-error/items/2", 404, JSON, {"error": "Item not found", "item_id": 2}),
    ],
)
def test_a_snippet_answers_as_on_the_page(server, method, path, status, headers, body):
    answer = server.exchange(method, path)
    assert answer.status == status
    found = {name.lower(): value for name, value in answer.fields}
    assert {name: found[name.lower()] for name in headers} == headers
    assert answer.body.decode() == (body if isinstance(body, str) else json.dumps(body, separators=(",", ":")))


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
    name, *attributes = (part.strip() for part in cookie.lower().split(";"))
    assert (name, set(attributes)) == (
        "session_id=abc123",
        {"httponly", "max-age=3600", "path=/", "samesite=lax", "secure"},
    )
    (cookie,) = server.exchange("POST", "/logout").values("Set-Cookie")
    assert "max-age=0" in cookie.lower()


def blocks(answer):
    """Return the blocks of a stream of events, without comments, each as its lines."""
    found = [
        [line for line in block.split("\n") if not line.startswith(":")] for block in answer.body.decode().split("\n\n")
    ]
    return [block for block in found if block and block != [""]]


def test_the_events_are_those_of_the_page(server):
    answer = server.exchange("GET", "/events")
    assert {name: answer.values(name) for name in EVENTS} == {name: [value] for name, value in EVENTS.items()}
    assert blocks(answer) == [["event: message", f"data: Event {i}"] for i in range(10)]


def test_the_notifications_are_those_of_the_page(server):
    first, *between, last = blocks(server.exchange("GET", "/notifications"))
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
