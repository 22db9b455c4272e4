"""The demo answers what its README says, and its README leaves no route out."""

from __future__ import annotations

import pytest
from examples.readme_tables import OF_THE_CHECKOUT, Row, example, rows, shows
from werkzeug.test import Client

ROWS = [pytest.param(row, id=row.request) for row in rows()]


@pytest.fixture
def client() -> Client:
    return Client(example("demo").app)


@pytest.mark.parametrize("row", ROWS)
def test_the_status_and_type_are_those_of_the_readme(client: Client, row: Row) -> None:
    with client.open(row.target, method=row.method) as response:
        assert (response.status_code, response.headers["Content-Type"]) == (int(row.status), row.content_type)


@pytest.mark.parametrize("row", ROWS)
def test_the_other_headers_are_those_of_the_readme(client: Client, row: Row) -> None:
    left_out = OF_THE_CHECKOUT | {"content-type"}
    if "Content-Length" not in row.headers:
        left_out.add("content-length")
    with client.open(row.target, method=row.method) as response:
        sent = [f"{name}: {value}" for name, value in response.headers if name.lower() not in left_out]
    assert sorted(sent) == sorted(row.fields())


@pytest.mark.parametrize("row", ROWS)
def test_the_body_is_that_of_the_readme(client: Client, row: Row) -> None:
    with client.open(row.target, method=row.method) as response:
        assert shows(row.body, response.get_data())


def test_the_readme_leaves_no_route_out() -> None:
    answered = {row.path for row in rows() if row.status != "404"}
    # Not where the tests are collected: the demo imports Django, whose settings a process has once.
    routed = {*example("demo").ROUTES, *example("plain_app").ROUTES}
    routed |= {f"/streams{path}" for path in example("stream_app").ROUTES}
    assert answered == routed | {"/streams", "/static/start.js", "/tones.wav", "/data/weather.csv"}
