"""The routes of ``plain_app.py`` beyond what the README shows of them."""

from __future__ import annotations

import csv
import json
import logging
import runpy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest
from examples.readme_tables import EXAMPLES, example
from werkzeug.test import Client, create_environ

PLAIN_APP = example("plain_app")
PATHS = [*PLAIN_APP.ROUTES, "/data/weather.csv"]


@pytest.fixture
def client() -> Client:
    return Client(PLAIN_APP.app)


@pytest.mark.parametrize("path", [*PATHS, "/streams/"])
def test_the_index_links_to_every_route(client: Client, path: str) -> None:
    assert f'<a href="{path}">' in client.get("/").text


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_headers_of_get_and_no_body(client: Client, path: str) -> None:
    answer = client.head(path)
    assert (answer.status, list(answer.headers), answer.data) == (
        client.get(path).status,
        list(client.get(path).headers),
        b"",
    )


@pytest.mark.parametrize("path", PATHS)
def test_post_is_not_allowed(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_every_answer_follows_pep_3333(path: str, method: str) -> None:
    with Client(validator(PLAIN_APP.app)).open(path, method=method, query_string="a=b") as response:
        assert response.status_code < 600


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=", id="an empty limit"),
        pytest.param("limit=-1", id="a negative limit"),
        pytest.param("limit=1097", id="a day more than there are"),
        pytest.param("limit=1.0", id="a limit with a point"),
        pytest.param("limit=%D9%A1", id="a digit outside ASCII"),
        pytest.param("limit=" + "9" * 5000, id="a limit that int() refuses"),
        pytest.param("since=", id="an empty date"),
        pytest.param("since=2023-02-29", id="a day that was not"),
        pytest.param("since=2023-02-28T00:00", id="a date with a time"),
    ],
)
@pytest.mark.parametrize("path", ["/json", "/orjson"])
def test_a_bad_query_is_a_400_that_says_what_is_wrong(client: Client, path: str, query: str) -> None:
    response = client.get(path, query_string=query)
    assert (response.status_code, list(response.get_json())) == (400, ["detail"])


@pytest.mark.parametrize("path", ["/json", "/orjson"])
def test_every_number_has_the_digits_of_the_csv_file(client: Client, path: str) -> None:
    document = json.loads(client.get(path, query_string="limit=1096").data, parse_float=str)
    with (EXAMPLES / "data" / "weather.csv").open(encoding="ascii", newline="") as file:
        assert document["days"] == list(csv.DictReader(file))


def test_the_rain_is_added_without_rounding(client: Client) -> None:
    document = json.loads(client.get("/json?limit=1096").data, parse_float=Decimal)
    assert document["rain"] == sum(day["rain"] for day in document["days"])


@pytest.mark.parametrize("path", ["/file", "/data/weather.csv"])
@pytest.mark.parametrize(
    ("value", "status", "content_range", "body"),
    [
        pytest.param("bytes=0-23", 206, "bytes 0-23/35420", b"date,low,high,rain,wind\n", id="the first line"),
        pytest.param("bytes=99999-", 416, "bytes */35420", b"", id="beyond the end"),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(
    client: Client, path: str, value: str, status: int, content_range: str, body: bytes
) -> None:
    with client.get(path, headers={"Range": value}) as answer:
        assert (answer.status_code, answer.headers["Content-Range"], answer.data) == (status, content_range, body)


def test_two_parts_of_a_file_come_in_one_answer(client: Client) -> None:
    with client.get("/file", headers={"Range": "bytes=0-3,24-33"}) as answer:
        assert (answer.status_code, answer.mimetype) == (206, "multipart/byteranges")


@pytest.mark.parametrize("path", ["/file", "/data/weather.csv"])
def test_a_copy_that_is_current_is_not_sent_again(client: Client, path: str) -> None:
    etag = client.head(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_the_generator_writes_the_csv_file_again(tmp_path: Path) -> None:
    write: Callable[[Path], None] = runpy.run_path(str(EXAMPLES / "data" / "make_weather.py"))["write"]
    write(tmp_path / "weather.csv")
    assert (tmp_path / "weather.csv").read_bytes() == (EXAMPLES / "data" / "weather.csv").read_bytes()


def test_cookies_that_were_set_come_back(client: Client) -> None:
    client.get("/cookies/set")
    assert client.get("/cookies").get_json() == {"theme": "dark", "session": "38afes7a8"}


def test_cookies_that_were_deleted_do_not_come_back(client: Client) -> None:
    client.get("/cookies/set")
    client.get("/cookies/delete")
    assert client.get("/cookies").get_json() == {}


def test_the_log_line_is_written_when_the_body_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "plain_app")
    body: Any = PLAIN_APP.app(create_environ("/background"), lambda status, headers: None)
    before = [*body, *caplog.messages]
    body.close()
    assert (before, caplog.messages) == (
        [b"The log line is written after this one.\n"],
        ["answered GET /background"],
    )
