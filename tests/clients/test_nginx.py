"""The configuration of docs/how-to/behind-nginx.md, in a real nginx: it sends the files, and the app decides which."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from clients.external_programs import needs
from clients.nginx_proxy import nginx
from clients.website import publish
from servers.http_client import Connection

pytestmark = needs("nginx")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "behind-nginx.md"
TEXT = "Grüße\n".encode() * 999

NAMES = [
    pytest.param("plain.txt", id="a plain name"),
    pytest.param("two words.txt", id="a blank"),
    pytest.param("100%.txt", id="a percent sign"),
    pytest.param("50%25.txt", id="what looks like percent-encoding"),
    pytest.param("%2e%2e%2fplain.txt", id="what looks like a way out"),
    pytest.param("what?.txt", id="a question mark"),
    pytest.param("#1.txt", id="a hash"),
    pytest.param("a+b&c;d=e,f.txt", id="signs of a query"),
    pytest.param("Grüße 漢字 🎈.txt", id="letters beyond ASCII"),
    pytest.param('"quoted".txt', id="quotes"),
    pytest.param("tab\tline\n.txt", id="control characters"),
    pytest.param("folder/inner.txt", id="a folder"),
    pytest.param("folder/..hidden", id="two dots that lead nowhere"),
]


def configuration(address, folder="/srv/files"):
    """Return the block of the page for the application at *address* and the folder *folder*."""
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    for shown, real in (
        ("listen 80;", "listen {listen};"),
        ("http://127.0.0.1:8000", "http://{}:{}".format(*address)),
        ("/srv/files/", f"{folder}/"),
    ):
        assert shown in block
        block = block.replace(shown, real)
    return block


@pytest.fixture(scope="module")
def website(tmp_path_factory):
    folder = tmp_path_factory.mktemp("protected")
    (folder / "folder").mkdir()
    for case in NAMES:
        (folder / case.values[0]).write_bytes(TEXT)
    with publish(folder, "gunicorn:gevent") as website:
        yield website


@pytest.fixture(scope="module")
def ask(website, tmp_path_factory):
    """Return ``ask(route, name, *fields)``: the answer of nginx."""
    with nginx(tmp_path_factory.mktemp("nginx"), configuration(website.server.address, website.folder)) as address:

        def ask(route, name, *fields, method="GET", mark=""):
            target = f"/{route}/{quote(name)}?{mark}"
            with Connection(address) as connection:
                return connection.exchange(method, target, ("Connection", "close"), *fields)

        yield ask


@pytest.mark.parametrize("name", NAMES)
def test_nginx_finds_the_file_of_any_name(ask, name):
    answer = ask("offloaded", name)
    assert (answer.status, answer.body) == (200, TEXT)


def test_the_application_sends_no_byte_of_the_file(ask, website, mark):
    ask("offloaded", "plain.txt", mark=mark)
    (seen,) = website.seen(mark)
    assert ["Content-Length", "0"] in seen.fields
    assert ["X-Accel-Redirect", "/protected/plain.txt"] in seen.fields


def test_a_client_does_not_see_where_the_file_is(ask):
    assert ask("offloaded", "plain.txt").values("X-Accel-Redirect") == []


def test_a_file_that_is_compressed_on_disk_has_the_type_of_its_bytes(ask, website):
    # nginx drops a Content-Encoding that comes beside X-Accel-Redirect.
    (website.folder / "app.js.gz").write_bytes(gzip.compress(TEXT))
    answer = ask("offloaded", "app.js.gz")
    assert answer.values("Content-Type") + answer.values("Content-Encoding") == ["application/gzip"]
    assert gzip.decompress(answer.body) == TEXT


def test_nginx_answers_a_range(ask):
    answer = ask("offloaded", "two words.txt", ("Range", "bytes=8-20"))
    assert (answer.status, answer.body) == (206, TEXT[8:21])
    assert answer.values("Content-Range") == [f"bytes 8-20/{len(TEXT)}"]


def test_nginx_refuses_a_range_beyond_the_end(ask):
    answer = ask("offloaded", "plain.txt", ("Range", f"bytes={len(TEXT)}-"))
    assert answer.status == 416
    assert answer.values("Content-Range") == [f"bytes */{len(TEXT)}"]


def test_nginx_answers_head(ask):
    answer = ask("offloaded", "plain.txt", method="HEAD")
    assert answer.status == 200
    assert answer.values("Content-Length") == [str(len(TEXT))]


def test_nginx_knows_the_tag_that_it_gave(ask):
    (tag,) = ask("offloaded", "what?.txt").values("ETag")
    assert ask("offloaded", "what?.txt", ("If-None-Match", tag)).status == 304


def test_nginx_knows_the_date_that_it_gave(ask):
    (date,) = ask("offloaded", "what?.txt").values("Last-Modified")
    assert ask("offloaded", "what?.txt", ("If-Modified-Since", date)).status == 304


def test_the_type_is_that_of_the_application(ask):
    assert ask("offloaded", "plain.txt").values("Content-Type") == ["text/plain; charset=utf-8"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "max-age=60"),
        ("Content-Disposition", "attachment; filename=\"fur dich.txt\"; filename*=UTF-8''f%C3%BCr%20dich.txt"),
        ("Set-Cookie", "seen=yes"),
        ("Access-Control-Allow-Origin", "https://player.example"),
    ],
)
def test_nginx_keeps_what_the_page_says_of_the_applications_fields(ask, name, value):
    assert ask("offloaded-and-saved", "plain.txt").values(name) == [value]


def test_a_field_that_the_configuration_names_goes_out_with_a_416_too(ask):
    answer = ask("offloaded-and-saved", "plain.txt", ("Range", "bytes=99999-"))
    assert answer.status == 416
    assert answer.values("Access-Control-Allow-Origin") == ["https://player.example"]


def test_a_field_that_the_application_left_out_stays_out(ask):
    assert ask("offloaded", "plain.txt").values("Access-Control-Allow-Origin") == []


def test_any_other_field_of_the_application_is_lost(ask):
    assert ask("offloaded-and-saved", "plain.txt").values("X-Other") == []


def test_no_client_gets_to_the_files_by_itself(ask):
    assert ask("protected", "plain.txt").status == 404


def test_a_file_that_is_not_there_is_the_applications_404(ask):
    answer = ask("offloaded", "missing.txt")
    assert (answer.status, answer.body) == (404, b"Not Found")


def test_what_is_not_offloaded_passes_through_nginx(ask):
    answer = ask("files", "plain.txt", ("Range", "bytes=-6"))
    assert (answer.status, answer.body) == (206, TEXT[-6:])
