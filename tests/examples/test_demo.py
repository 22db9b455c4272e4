"""The start page and what belongs to it."""

from __future__ import annotations

import re

import pytest
from examples.readme_tables import EXAMPLES, example
from werkzeug.test import Client

STATIC = EXAMPLES / "static"
PICTURES = sorted((EXAMPLES.parent / "docs" / "images").glob("demo-*.png"))
FILES = sorted(path.name for path in STATIC.iterdir())
TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.fixture
def client():
    return Client(example("demo").app)


def test_the_page_may_load_what_is_ours_and_nothing_else(client):
    with client.get("/") as answer:
        policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_page_has_its_type(client, name):
    with client.get(f"/static/{name}") as answer:
        assert answer.mimetype == TYPES[name.rpartition(".")[2]]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_page_names_no_other_host(name):
    text = (STATIC / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?:|[\"'(]//|@import|url\(", text) == []


def test_the_scripts_are_in_files():
    page = (STATIC / "start.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page) == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_what_is_shown_is_text_and_never_markup(name):
    script = (STATIC / name).read_text("utf-8")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(", script) == []


def test_each_route_that_the_page_offers_is_there(client):
    paths = re.findall(r'"(/[^"]*)"', (STATIC / "exchange.js").read_text("utf-8").partition("const form")[0])
    assert len(paths) > 30
    missing = [path for path in paths if not path.startswith("/django") and client.head(path).status_code == 404]
    assert missing == ["/flask/items/2"]  # an error that is shown


@pytest.mark.parametrize("path", ["/routes", "/streams/"])
def test_each_list_of_routes_is_linked(client, path):
    assert f'href="{path[1:]}"' in (STATIC / "start.html").read_text("utf-8")
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("method", "allowed"), [("PUT", "GET, POST, HEAD"), ("DELETE", "GET, POST, HEAD")])
def test_another_method_is_not_allowed(client, method, allowed):
    answer = client.open("/orders", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_of_the_page_is_small_and_shown(picture):
    shown = (EXAMPLES.parent / "docs" / "tutorial" / "demo.md").read_text("utf-8")
    assert (picture.stat().st_size < 200_000, f"(../images/{picture.name})" in shown) == (True, True)
