"""Every snippet of FastAPI's page answers as it does there: status, the headers that matter, body."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "flask_app.py"

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
EVENTS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
ITEMS = {"items": ["item1", "item2"]}


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example as a module, whose streams do not pause."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_APP_FOLDER", str(tmp_path_factory.mktemp("flask_app")))
        patch.syspath_prepend(EXAMPLE.parent)
        spec = importlib.util.spec_from_file_location("flask_app", EXAMPLE)
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "flask_app", module)
        spec.loader.exec_module(module)
        module.PAUSE = 0
        yield module


@pytest.fixture
def ask(example):
    def asked(method, path, **options):
        with example.app.test_client().open(path, method=method, **options) as answer:
            answer.get_data()
        return answer

    return asked


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
def test_a_snippet_answers_as_on_the_page(ask, method, path, status, headers, body):
    answer = ask(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in headers} == headers
    assert answer.text == (body if isinstance(body, str) else json.dumps(body, separators=(",", ":")))


def test_the_page_is_html(ask):
    answer = ask("GET", "/")
    assert answer.headers["Content-Type"] == HTML["Content-Type"]
    assert "<h1>Hello World!</h1>" in answer.text


def test_an_item_is_made(ask):
    answer = ask("POST", "/items", json={"name": "Portal Gun", "price": "42"})
    assert (answer.status_code, answer.json) == (201, {"name": "Portal Gun", "price": 42.0})


def test_the_type_of_an_image_is_that_of_its_name(ask):
    answer = ask("GET", "/image")
    assert (answer.headers["Content-Type"], answer.data) == ("image/png", b"\x89PNG\r\n")
    assert "Content-Disposition" not in answer.headers


def test_the_cookie_is_set(ask):
    cookie = ask("POST", "/login").headers["Set-Cookie"]
    name, *attributes = (part.strip() for part in cookie.lower().split(";"))
    assert (name, set(attributes)) == (
        "session_id=abc123",
        {"httponly", "max-age=3600", "path=/", "samesite=lax", "secure"},
    )


def test_the_cookie_is_deleted(ask):
    cookie = ask("POST", "/logout").headers["Set-Cookie"].lower()
    assert cookie.startswith("session_id=;")
    assert "max-age=0" in cookie


def fields(answer):
    """Return the blocks of a stream of events, without comments, each as its lines."""
    blocks = [[line for line in block.split("\n") if not line.startswith(":")] for block in answer.text.split("\n\n")]
    return [block for block in blocks if block and block != [""]]


def test_the_events_are_those_of_the_page(ask):
    answer = ask("GET", "/events")
    assert {name: answer.headers[name] for name in EVENTS} == EVENTS
    assert fields(answer) == [["event: message", f"data: Event {i}"] for i in range(10)]


def test_the_notifications_are_those_of_the_page(ask):
    first, *between, last = fields(ask("GET", "/notifications"))
    assert (first, last) == (["event: start", "data: Stream started"], ["event: end", "data: Stream ended"])
    for number, block in enumerate(between):
        told = dict(line.split(": ", 1) for line in block)
        assert (told["event"], told["id"], json.loads(told["data"])) == (
            "notification",
            str(number),
            {"message": f"Update {number}"},
        )
    assert len(between) == 5


@pytest.mark.parametrize(
    ("path", "line"), [("/send-notification", "Notification sent\n"), ("/process", "Processing started\n")]
)
def test_the_log_is_written_after_the_response(example, ask, path, line):
    example.LOG.unlink(missing_ok=True)
    ask("POST", path)
    assert example.LOG.read_text() == line
