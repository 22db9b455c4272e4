"""Every snippet of FastAPI's page answers as it does there: status, the headers that matter, body."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from examples.fastapi_page import EVENTS, HTML, SESSION, blocks, cookie_of, each_snippet, text_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "flask_app.py"


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


@each_snippet
def test_a_snippet_answers_as_on_the_page(ask, method, path, status, headers, body):
    answer = ask(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in headers} == headers
    assert answer.text == text_of(body)


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
    assert cookie_of(ask("POST", "/login").headers["Set-Cookie"]) == SESSION


def test_the_cookie_is_deleted(ask):
    cookie = ask("POST", "/logout").headers["Set-Cookie"].lower()
    assert cookie.startswith("session_id=;")
    assert "max-age=0" in cookie


def test_the_events_are_those_of_the_page(ask):
    answer = ask("GET", "/events")
    assert {name: answer.headers[name] for name in EVENTS} == EVENTS
    assert blocks(answer.text) == [["event: message", f"data: Event {i}"] for i in range(10)]


def test_the_notifications_are_those_of_the_page(ask):
    first, *between, last = blocks(ask("GET", "/notifications").text)
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
