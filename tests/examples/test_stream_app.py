"""The streams of ``stream_app.py``: each one whole, and those with ids taken up where a client lost them."""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from wsgiref.validate import validator

import pytest
from examples.readme_tables import EXAMPLES, example
from werkzeug.test import Client, create_environ

from wsgiresp._protocol.event_reader import EventReader, ReceivedEvent

STREAM_APP = example("stream_app")
PATHS = list(STREAM_APP.ROUTES)
FINITE = sorted({*PATHS} - {"/log"})
WEATHER = EXAMPLES / "data" / "weather.csv"
LAST = 36  # the number of the last month

Lines = Iterator[ReceivedEvent]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STREAM_APP, "PACE", 0)


@pytest.fixture
def client() -> Client:
    return Client(STREAM_APP.app)


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The journal of a worker that has just begun, and keeps five lines."""
    with contextlib.closing(STREAM_APP.Journal(5)) as journal:
        monkeypatch.setattr(STREAM_APP, "JOURNAL", journal)
        yield journal


def write(journal: Any, *lines: str) -> None:
    for line in lines:
        journal.handle(logging.makeLogRecord({"msg": line}))


@contextlib.contextmanager
def following(path: str, last_id: str = "") -> Iterator[Lines]:
    """Open the events of *path* as a client does that saw the event *last_id*, and yield them as they come."""
    body: Any = STREAM_APP.app(
        create_environ(path, headers={"Last-Event-ID": last_id} if last_id else {}), lambda status, fields: None
    )
    reader = EventReader()
    try:
        yield (event for chunk in body for event in reader.feed(chunk))
    finally:
        body.close()


def take(lines: Lines, count: int) -> list[str]:
    return [next(lines).data for _ in range(count)]


def csv_rows() -> list[dict[str, str]]:
    with WEATHER.open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("last_id", "first"),
    [
        pytest.param("", 1, id="at the first visit"),
        pytest.param("30", 31, id="after a month"),
        pytest.param("36", 37, id="after the last month"),
        pytest.param("month 3", 1, id="after what is no number"),
        pytest.param("-1", 1, id="after a negative number"),
        pytest.param("9" * 5000, 1, id="after a number that int() refuses"),
    ],
)
def test_the_months_after_the_last_one_are_sent_each_once(last_id: str, first: int) -> None:
    with following("/progress", last_id) as events:
        ids = [event.id for event in events if event.event == "month"]
    assert ids == [str(number) for number in range(first, LAST + 1)]


def test_the_work_begins_with_its_length_and_ends_with_a_word() -> None:
    with following("/progress", "30") as events:
        first, *_, last = events
    assert (first.event, first.json(), last.event, last.id) == ("start", {"months": LAST}, "done", "done")


def test_the_rain_of_all_months_is_that_of_the_csv_file() -> None:
    with following("/progress") as events:
        sums = [json.loads(event.data, parse_float=Decimal)["rain"] for event in events if event.event == "month"]
    assert sum(sums) == sum(Decimal(row["rain"]) for row in csv_rows())


def test_who_has_seen_the_end_need_not_come_back(client: Client) -> None:
    assert client.get("/progress", headers={"Last-Event-ID": "done"}).status_code == 204


def test_the_log_begins_with_the_worker_and_goes_on_with_lines(journal: Any) -> None:
    write(journal, "a", "b")
    with following("/log") as events:
        opening, *lines = (next(events) for _ in range(3))
    assert (opening.event, opening.json()) == ("worker", {"worker": os.getpid(), "after": None, "by_field": False})
    assert [(line.event, line.data) for line in lines] == [("line", "a"), ("line", "b")]


@pytest.mark.parametrize(
    ("query", "field", "missed"),
    [
        pytest.param("", 1, ["b", "c"], id="in the field of a browser that comes back"),
        pytest.param("?last_id={2}", 0, ["c"], id="in the query of a page that goes on"),
        pytest.param("?last_id={1}", 2, ["c"], id="in the field that is newer than the query"),
    ],
)
def test_the_log_goes_on_after_the_id(journal: Any, query: str, field: int, missed: list[str]) -> None:
    write(journal, *"abc")
    with following("/log") as events:
        next(events)
        ids = ["", *(next(events).id for _ in range(3))]
    with following(f"/log{query.format(*ids)}", ids[field]) as events:
        opening = next(events).json()
        lines = take(events, len(missed))
    assert (opening["by_field"], lines) == (bool(field), missed)


def test_a_request_is_a_line_of_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/weather.csv")
    assert caplog.messages == ["GET /weather.csv"]


def test_the_log_that_is_shown_is_that_of_both_applications() -> None:
    loggers = [STREAM_APP.log, example("demo").plain_app.log]
    assert [STREAM_APP.JOURNAL in logger.handlers for logger in loggers] == [True, True]


def test_every_day_is_a_line_with_the_digits_of_the_csv_file(client: Client) -> None:
    lines = client.get("/days.jsonl").text.splitlines()
    assert [json.loads(line, parse_float=str) for line in lines] == csv_rows()


def test_the_log_tells_after_how_many_days_a_client_has_left(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with client.get("/days.jsonl?pause=1", buffered=False) as answer:
        next(iter(answer.response))
    assert re.fullmatch(r"days\.jsonl: [0-9]+ days have gone out", caplog.messages[-1])
    assert caplog.messages[-1] != "days.jsonl: 1096 days have gone out"


def test_the_csv_file_is_sent_whole(client: Client) -> None:
    assert client.get("/weather.csv").data == WEATHER.read_bytes()


@pytest.mark.parametrize("path", ["/count", "/days.jsonl"])
@pytest.mark.parametrize("pause", ["", "100", "-1", "0.5", "nan", "٣"])
def test_a_bad_pause_is_a_400_that_says_what_is_wrong(client: Client, path: str, pause: str) -> None:
    response = client.get(path, query_string={"pause": pause})
    assert (response.status_code, list(response.get_json())) == (400, ["detail"])


@pytest.mark.parametrize("path", FINITE)
def test_head_has_the_headers_of_get_and_no_body(client: Client, path: str) -> None:
    head = client.head(path, query_string="pause=0")
    with client.get(path, query_string="pause=0") as answer:
        assert (head.status, list(head.headers), head.data) == (answer.status, list(answer.headers), b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [*FINITE, "/nowhere"])
def test_every_answer_follows_pep_3333(path: str, method: str) -> None:
    with Client(validator(STREAM_APP.app)).open(path, method=method, query_string="pause=0") as response:
        assert response.status_code < 600


@pytest.mark.parametrize("path", PATHS)
def test_the_index_links_to_every_route(client: Client, path: str) -> None:
    assert f'<a href=".{path}">' in client.get("/").text
