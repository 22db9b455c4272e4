"""All Python of the documentation is run, page by page, in the order in which a reader meets it."""

from __future__ import annotations

import functools
import pydoc
import re
from pathlib import Path

import django_apps  # the page about Django needs settings, which a process has once
import pytest
from werkzeug.test import Client

CHECKOUT = Path(__file__).parents[1]
README = CHECKOUT / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
CLAUSE = re.compile(r"\| `([\w.]+)` \| `([\w/]+\.py)::(\w+)` \|$", re.M)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def run(page):
    """Return the names that the code blocks of *page* leave behind, run as one module."""
    text = page.read_text("utf-8")
    namespace = {"__name__": page.stem}
    for block in BLOCK.finditer(text):
        # Padded, so that a traceback names the line of the page.
        padding = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(padding + block[1], page, "exec"), namespace)
    return namespace


PAGES = [README, *sorted(CHECKOUT.glob("docs/**/*.md"))]
PAGES_WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(page)


@pytest.mark.parametrize(
    ("name", "arguments", "status", "body"),
    [
        ("items", {}, 200, b'{"items":["item1","item2"]}'),
        ("report", {}, 200, b"0123456789"),
        ("numbers", {}, 200, b"0\n1\n2\n"),
        ("point", {}, 200, b'{"x":1,"y":2}'),
        ("page", {}, 200, b"<h1>Hello</h1>"),
        ("create_item", {}, 201, b'{"name":"Portal Gun","price":42.0}'),
        ("lines", {}, 200, b"a generator function is a stream\n"),
        ("order", {"number": 7}, 202, b'{"order":7}'),
        ("item", {"item_id": 2}, 404, b'{"detail":"Item not found"}'),
    ],
)
def test_a_view_of_the_page_about_django_answers(tmp_path, monkeypatch, name, arguments, status, body):
    monkeypatch.chdir(tmp_path)
    views = run(CHECKOUT / "docs" / "how-to" / "django.md")
    with django_apps.project(functools.partial(views[name], **arguments)):
        answer = django_apps.read(django_apps.Client().get("/"))
    assert (answer.status_code, answer.data) == (status, body)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/login", 200), ("/process", 202), ("/old-path", 307), ("/elsewhere", 404)],
)
def test_the_app_of_the_readme_answers(path, status):
    client = Client(run(README)["app"])
    with client.get(path) as answer:
        assert answer.status_code == status


def test_the_shop_of_the_readme_answers():
    client = run(README)["shop"].test_client()
    assert client.get("/price").data == b'{"price":42.00}'
    with client.get("/offers") as answer:
        assert answer.text.endswith('event: offer\ndata: {"number":2}\n\n')


def test_each_line_of_the_table_for_migrants_runs():
    rows = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`|the same.*) \|$", README.read_text("utf-8"), re.M)
    assert len(rows) > 10
    exec("\n".join(ours or fastapi for fastapi, ours in rows), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_the_links_of_a_page_lead_to_files(page):
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def clauses():
    pages = [CHECKOUT / "docs" / "reference" / name for name in ("conformance.md", "security.md")]
    return [clause for page in pages for clause in CLAUSE.findall(page.read_text("utf-8"))]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in clauses()}))
def test_a_function_that_does_what_a_clause_asks_exists(name):
    assert callable(pydoc.locate(f"wsgiresp.{name}"))


@pytest.mark.parametrize(("file", "test"), sorted({(file, test) for _, file, test in clauses()}))
def test_the_test_of_a_clause_exists(file, test):
    assert re.search(rf"^ *def {test}\(", (CHECKOUT / "tests" / file).read_text("utf-8"), re.M)
