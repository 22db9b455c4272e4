"""Files that are compressed on disk: parts of pages are unpacked by the browser, archives are saved as they are."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses.wsgi_calls import call

from wsgiresp import XAccelRedirect, serve_files
from wsgiresp.responses import FileResponse
from wsgiresp.responses.media_types import guessed

DATA = gzip.compress(b"document.title = 'ran'\n" * 20, mtime=0)


@pytest.fixture
def file(tmp_path):
    def make(name):
        (tmp_path / name).write_bytes(DATA)
        return tmp_path / name

    return make


def types_of(response, **environ):
    answer = call(response, **environ)
    return ", ".join(answer.values("Content-Type") + answer.values("Content-Encoding"))


# senchalabs/connect#477 and getnikola/nikola#1380 (svgz), lektor/lektor#1123 (svg.gz),
# terreng/simple-web-server#243 and jeffreylanters/react-unity-webgl#126 (data, js and wasm of Unity).
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("pic.svgz", "image/svg+xml, gzip"),
        ("pic.svg.gz", "image/svg+xml, gzip"),
        ("PIC.SVGZ", "image/svg+xml, gzip"),
        ("page.html.gz", "text/html; charset=utf-8, gzip"),
        ("app.js.gz", "text/javascript; charset=utf-8, gzip"),
        ("app.mjs.zst", "text/javascript; charset=utf-8, zstd"),
        ("site.css.br", "text/css; charset=utf-8, br"),
        ("game.wasm.br", "application/wasm, br"),
        ("game.data.br", "application/octet-stream, br"),
        ("game.data.gz", "application/octet-stream, gzip"),
        ("game.framework.js.br", "text/javascript; charset=utf-8, br"),
        ("game.symbols.json.gz", "application/json, gzip"),
        ("game.pck.zst", "application/octet-stream, zstd"),
        ("app.js.map.gz", "application/json, gzip"),
    ],
)
def test_a_part_of_a_page_is_what_is_in_it_with_a_coding(file, name, found):
    path = file(name)
    assert types_of(FileResponse(path)) == found
    assert types_of(serve_files(path.parent), PATH_INFO=f"/{name}") == found


# johnsensible/django-sendfile#38: a browser unpacked a tar.gz, and kept its name.
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("site.tar.gz", "application/gzip"),
        ("site.tgz", "application/gzip"),
        ("backup.sql.gz", "application/gzip"),
        ("data.csv.gz", "application/gzip"),
        ("dump.json.gz", "application/gzip"),
        ("dump.json.zst", "application/zstd"),
        ("data.csv.br", "application/octet-stream"),
        ("log.gz", "application/gzip"),
        ("js.gz", "application/gzip"),
        (".js.gz", "application/gzip"),
        ("app.js.bz2", "application/x-bzip2"),
        ("app.js.xz", "application/x-xz"),
        ("game.unityweb", "application/octet-stream"),
    ],
)
def test_an_archive_is_saved_as_it_is(file, name, found):
    path = file(name)
    assert types_of(FileResponse(path)) == found
    assert types_of(serve_files(path.parent), PATH_INFO=f"/{name}") == found


@pytest.mark.parametrize(
    ("name", "filename", "kind", "found"),
    [
        pytest.param("app.js.gz", "app.js.gz", "attachment", "application/gzip", id="saved as an archive"),
        pytest.param("app.js.gz", "app.js.gz", "INLINE", "text/javascript; charset=utf-8, gzip", id="shown"),
        pytest.param("app.js.gz", "a", "inline", "application/octet-stream, gzip", id="shown by another name"),
        pytest.param("app.js.gz", "App.JS", "attachment", "text/javascript; charset=utf-8, gzip", id="saved unpacked"),
        pytest.param("x.csv.gz", "x.csv.gz", "attachment", "application/gzip", id="data saved as they are"),
        pytest.param("x.csv.gz", "x.csv.gz", "inline", "application/gzip", id="data are not shown unpacked"),
        pytest.param("x.csv.gz", "table.csv", "attachment", "text/csv; charset=utf-8, gzip", id="data saved unpacked"),
        pytest.param("x.tar.gz", "x.tar", "attachment", "application/x-tar, gzip", id="an archive saved unpacked"),
        pytest.param("x.tar.gz", "x.tgz", "attachment", "application/gzip", id="the same in another name"),
        pytest.param("x.gz", "x", "attachment", "application/octet-stream", id="nobody knows what is in it"),
        pytest.param("x.csv.gz", "x.txt", "attachment", "text/plain; charset=utf-8", id="another ending"),
        pytest.param("x.csv", "x.csv.gz", "attachment", "application/gzip", id="not compressed by its path"),
        pytest.param("app.js", "app.js.gz", "inline", "application/gzip", id="shown and not compressed by its path"),
        pytest.param("app.js.gz", "", "attachment", "application/gzip", id="saved by the name of its address"),
        pytest.param("app.js.gz", "", "inline", "text/javascript; charset=utf-8, gzip", id="shown without a name"),
    ],
)
def test_the_name_to_save_it_by_decides(file, name, filename, kind, found):
    response = FileResponse(file(name), filename=filename, content_disposition_type=kind)
    assert types_of(response) == found


@pytest.mark.parametrize("name", ["app.js.gz", "data.csv.gz"])
def test_a_media_type_that_is_given_stands_alone(file, name):
    class Script(FileResponse):
        media_type = "text/x-script"

    assert types_of(FileResponse(file(name), media_type="text/x-script")) == "text/x-script; charset=utf-8"
    assert types_of(Script(file(name))) == "text/x-script; charset=utf-8"
    assert types_of(FileResponse(file(name), headers={"Content-Type": "a/b"})) == "a/b"


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        pytest.param("app.js.gz", "gzip", "text/javascript; charset=utf-8, gzip", id="the same"),
        pytest.param("data.csv.gz", "gzip", "text/csv; charset=utf-8, gzip", id="of what is not a part of a page"),
        pytest.param("data.csv.gz", "X-Gzip", "text/csv; charset=utf-8, X-Gzip", id="by its old name"),
        pytest.param("app.js.gz", "br", "application/gzip, br", id="coded once more"),
        pytest.param("app.js.gz", "identity", "application/gzip, identity", id="none"),
        pytest.param("app.js", "br", "text/javascript; charset=utf-8, br", id="of a name that does not tell"),
        pytest.param("app.js.xz", "xz", "application/x-xz, xz", id="one that no browser knows"),
    ],
)
def test_a_coding_that_is_given_wins(file, name, given, found):
    assert types_of(FileResponse(file(name), headers={"content-encoding": given})) == found


def test_a_coding_that_is_given_counts_for_the_name_to_save_it_by(file):
    headers = {"Content-Encoding": "gzip"}
    found = types_of(FileResponse(file("x.csv.gz"), filename="y.csv.gz", headers=headers))
    assert found == "text/csv; charset=utf-8, gzip"


def test_a_server_in_front_gets_the_type_of_the_file_as_it_is(file):
    path = file("app.js.gz")
    offload = XAccelRedirect("/protected/", path.parent)
    assert types_of(FileResponse(path, offload=offload)) == "application/gzip"


def test_a_file_that_is_deleted_is_not_left_to_the_server_in_front(file):
    class Offloaded(FileResponse):
        offload = XAccelRedirect("/protected/", "/srv")

    response = Offloaded(file("app.js.gz"), delete_after=True)
    assert types_of(response) == "text/javascript; charset=utf-8, gzip"


def test_the_coding_is_sent_to_a_client_that_does_not_ask_for_it(file):
    answer = call(FileResponse(file("app.js.gz")), HTTP_ACCEPT_ENCODING="identity")
    assert (answer.status, answer.body, answer.values("Vary")) == ("200 OK", DATA, [])


def test_length_and_ranges_count_the_bytes_on_disk(file):
    response = FileResponse(file("app.js.gz"))
    assert call(response, "HEAD").values("Content-Length") == [str(len(DATA))]
    part = call(response, HTTP_RANGE="bytes=2-5")
    assert (part.status, part.body) == ("206 Partial Content", DATA[2:6])
    assert part.values("Content-Range") == [f"bytes 2-5/{len(DATA)}"]
    assert part.values("Content-Encoding") == ["gzip"]


def test_a_304_has_no_coding_and_keeps_its_etag(file):
    response = FileResponse(file("app.js.gz"))
    etag = call(response).values("ETag")
    answer = call(response, HTTP_IF_NONE_MATCH=etag[0])
    assert (answer.status, answer.values("Content-Encoding"), answer.values("ETag")) == ("304 Not Modified", [], etag)


@pytest.mark.parametrize(("field", "value"), [("HTTP_IF_MATCH", '"other"'), ("HTTP_RANGE", "bytes=9999-")])
def test_a_refusal_has_no_coding(file, field, value):
    answer = call(FileResponse(file("app.js.gz")), **{field: value})
    assert answer.status[:3] in ("412", "416")
    assert answer.values("Content-Encoding") == []


@pytest.mark.parametrize("headers", [None, {"Content-Encoding": "gzip"}])
def test_several_ranges_of_coded_bytes_get_the_whole(file, headers):
    # A client decodes what stands below the field, and the framing of several parts is not coded.
    answer = call(FileResponse(file("app.js.gz"), headers=headers), HTTP_RANGE="bytes=0-1,4-5")
    assert (answer.status, answer.body) == ("200 OK", DATA)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_without_content_has_no_coding(file, status):
    answer = call(FileResponse(file("app.js.gz"), status))
    assert (answer.values("Content-Encoding"), answer.body) == ([], b"")


def test_an_error_page_may_be_compressed(file):
    answer = call(FileResponse(file("404.html.gz"), 404))
    assert (answer.status, answer.values("Content-Encoding")) == ("404 Not Found", ["gzip"])


def test_a_file_object_that_gives_the_bytes_on_disk_is_as_its_path(file):
    assert types_of(FileResponse(file("app.js.gz").open("rb"))) == "text/javascript; charset=utf-8, gzip"
    assert types_of(FileResponse(file("data.csv.gz").open("rb"))) == "application/gzip"


@given(name=st.text(min_size=1).map(lambda text: text.replace("/", "")), key=st.sampled_from(["gz", "br", "zst", "xz"]))
def test_the_type_of_a_compressed_file_does_not_depend_on_what_is_in_it(name, key):
    assert guessed(f"a{name}.{key}")[0] == guessed(f"a.{key}")[0]
