"""The demo answers what its README says, and its README leaves no route out."""

from __future__ import annotations

import csv
import json
import logging
import re
import runpy
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.validate import validator

import pytest
from werkzeug.test import Client, create_environ

EXAMPLES = Path(__file__).parents[2] / "examples"
DEMO = runpy.run_path(str(EXAMPLES / "plain_app.py"), run_name="plain_app")
PATHS = [*DEMO["ROUTES"], "/data/weather.csv"]
OF_THE_CHECKOUT = {"etag", "last-modified"}


class Row(NamedTuple):
    """One line of the table in the README, its cells without their backquotes."""

    request: str
    status: str
    content_type: str
    headers: str
    body: str

    @property
    def method(self) -> str:
        return self.request.split()[0]

    @property
    def target(self) -> str:
        return self.request.split()[1]


def rows() -> Iterator[Row]:
    """Return the rows of the one table in the README."""
    for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"\| `[A-Z]+ /", line):
            yield Row(*(cell.strip().replace("`", "") for cell in line.strip("|").split("|")))


def bytes_of(cell: str) -> bytes:
    r"""Return the bytes that a body cell shows: ``\n`` and ``\xff`` are one byte each."""
    return re.sub(
        rb"\\(?:n|x([0-9a-f]{2}))",
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else b"\n",
        cell.encode("utf-8"),
    )


ROWS = [pytest.param(row, id=row.request) for row in rows()]


@pytest.fixture
def client() -> Client:
    return Client(DEMO["app"])


@pytest.mark.parametrize("row", ROWS)
def test_the_status_and_type_are_those_of_the_readme(client: Client, row: Row) -> None:
    with client.open(row.target, method=row.method) as response:
        assert (response.status_code, response.headers["Content-Type"]) == (int(row.status), row.content_type)


@pytest.mark.parametrize("row", ROWS)
def test_the_other_headers_are_those_of_the_readme(client: Client, row: Row) -> None:
    listed = row.headers.split("<br>") if row.headers else []
    left_out = OF_THE_CHECKOUT | {"content-type"}
    if "Content-Length" not in row.headers:
        left_out.add("content-length")
    with client.open(row.target, method=row.method) as response:
        sent = [f"{name}: {value}" for name, value in response.headers if name.lower() not in left_out]
    assert sorted(sent) == sorted(listed)


@pytest.mark.parametrize("row", ROWS)
def test_the_body_is_that_of_the_readme(client: Client, row: Row) -> None:
    shown, more, _ = row.body.partition("…")
    with client.open(row.target, method=row.method) as response:
        body = response.get_data()
    assert (body[: len(bytes_of(shown))] if more else body) == bytes_of(shown)


def test_the_readme_leaves_no_route_out() -> None:
    assert {row.target.partition("?")[0] for row in rows() if row.status != "404"} == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
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
    with Client(validator(DEMO["app"])).open(path, method=method, query_string="a=b") as response:
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
    body: Any = DEMO["app"](create_environ("/background"), lambda status, headers: None)
    before = [*body, *caplog.messages]
    body.close()
    assert (before, caplog.messages) == (
        [b"The log line is written after this one.\n"],
        ["answered GET /background"],
    )
