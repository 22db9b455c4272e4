"""``media_types``: the types that an application gives for endings of its own, or in the place of ours."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses.wsgi_calls import call

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse
from wsgiresp.responses.media_types import MediaTypes, guessed


class Weights(FileResponse):
    media_types: ClassVar = {".PT": "application/x-weights", ".tar.gz": "application/x-bundle", ".js": "text/x-script"}


def types_of(response):
    answer = call(response)
    return answer.values("Content-Type") + answer.values("Content-Encoding")


@pytest.fixture
def file(tmp_path):
    def make(name):
        (tmp_path / name).write_bytes(b"x")
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("a.pt", ["application/x-weights"], id="an ending of its own"),
        pytest.param("a.Pt", ["application/x-weights"], id="in another case"),
        pytest.param("a.js", ["text/x-script; charset=utf-8"], id="in the place of ours"),
        pytest.param("a.css", ["text/css; charset=utf-8"], id="ours for the others"),
        pytest.param("a.tar.gz", ["application/x-bundle"], id="an ending of two parts"),
        pytest.param("a.b.tar.gz", ["application/x-bundle"], id="more parts before them"),
        pytest.param(".tar.gz", ["application/gzip"], id="what begins with a dot has no such ending"),
        pytest.param("a.gz", ["application/gzip"], id="only the last of two parts"),
        pytest.param("a.js.gz", ["text/x-script; charset=utf-8", "gzip"], id="the type of what is compressed"),
        pytest.param("pt", ["application/octet-stream"], id="no ending"),
    ],
)
def test_a_subclass_gives_types_to_endings(file, name, found):
    assert types_of(Weights(file(name))) == found


def test_the_name_to_save_it_by_has_its_type_too(file):
    assert types_of(Weights(file("a.bin"), filename="a.pt")) == ["application/x-weights"]


def test_a_type_of_the_call_wins(file):
    assert types_of(Weights(file("a.pt"), media_type="image/png")) == ["image/png"]


def test_a_folder_gives_types_to_endings(file):
    path = file("a.pt")
    app = serve_files(path.parent, media_types={".pt": "application/x-weights"})
    assert call(app, PATH_INFO="/a.pt").values("Content-Type") == ["application/x-weights"]
    assert call(serve_files(path.parent), PATH_INFO="/a.pt").values("Content-Type") == ["application/octet-stream"]


@pytest.mark.parametrize("key", [".gz", ".js.gz"])
def test_a_type_for_compressed_files_is_theirs_as_they_are(file, key):
    path = file("a.js.gz")
    app = serve_files(path.parent, media_types={key: "application/x-packed"})
    answer = call(app, PATH_INFO="/a.js.gz")
    assert answer.values("Content-Type") + answer.values("Content-Encoding") == ["application/x-packed"]


def test_of_two_endings_the_longer_one_counts(file):
    path = file("a.d.ts")
    app = serve_files(path.parent, media_types={".ts": "text/typescript", ".d.ts": "text/declarations"})
    assert call(app, PATH_INFO="/a.d.ts").values("Content-Type") == ["text/declarations; charset=utf-8"]


ENDINGS = st.lists(st.sampled_from(["a", "b", "gz", "txt"]), min_size=1, max_size=3).map(
    lambda parts: f".{'.'.join(parts)}"
)


@given(
    keys=st.lists(ENDINGS, unique=True, min_size=1), stem=st.sampled_from(["x", "x.y", "folder.a/x", ""]), end=ENDINGS
)
def test_the_longest_ending_that_fits_a_name_counts(keys, stem, end):
    own = MediaTypes("media_types", {key: f"test/{key[1:]}" for key in keys})
    fitting = [key for key in keys if (stem + end).endswith(key) and (stem + end) != key]
    found = guessed(stem + end, own)
    if fitting:
        assert found == (f"test/{max(fitting, key=len)[1:]}", None)
    else:
        assert found == guessed(stem + end)


def test_types_of_the_class_of_all_count_for_folders(file, monkeypatch):
    path = file("a.pt")
    monkeypatch.setattr(FileResponse, "media_types", {".PT": "application/x-weights"})
    assert types_of(FileResponse(path)) == ["application/x-weights"]
    assert call(serve_files(path.parent), PATH_INFO="/a.pt").values("Content-Type") == ["application/x-weights"]
    assert types_of(FileResponse(file("a.html.gz"))) == ["text/html; charset=utf-8", "gzip"]


def test_what_is_assigned_to_the_class_later_is_checked_by_the_response(file, monkeypatch):
    monkeypatch.setattr(FileResponse, "media_types", {"pt": "application/x-weights"})
    with pytest.raises(ValueError, match="media_types of FileResponse must map endings"):
        FileResponse(file("a.txt"))


def test_a_subclass_has_its_own_in_the_place_of_those_of_its_base(file):
    class Plain(Weights):
        media_types = None

    class Other(Weights):
        media_types: ClassVar = {".txt": "text/x-other"}

    assert types_of(Plain(file("a.pt"))) == ["application/octet-stream"]
    assert types_of(Other(file("a.pt"))) == ["application/octet-stream"]


def test_the_mapping_is_copied(file):
    types = {".pt": "application/x-weights"}
    path = file("a.pt")
    app = serve_files(path.parent, media_types=types)
    types[".pt"] = "no type"
    assert call(app, PATH_INFO="/a.pt").values("Content-Type") == ["application/x-weights"]


def test_the_class_shows_its_types():
    assert dict(Weights.media_types) == {
        ".pt": "application/x-weights",
        ".tar.gz": "application/x-bundle",
        ".js": "text/x-script",
    }
    assert len(Weights.media_types) == 3


@pytest.mark.parametrize(
    ("types", "error", "message"),
    [
        pytest.param({"pt": "a/b"}, ValueError, r"endings such as \"\.ext\", got 'pt'", id="no dot"),
        pytest.param({".": "a/b"}, ValueError, "got '.'", id="only a dot"),
        pytest.param({"": "a/b"}, ValueError, "got ''", id="empty"),
        pytest.param({".a/b": "a/b"}, ValueError, "got '.a/b'", id="a slash"),
        pytest.param({".a..b": "a/b"}, ValueError, "got '.a..b'", id="an empty part"),
        pytest.param({"*.pt": "a/b"}, ValueError, r"got '\*.pt'", id="a pattern"),
        pytest.param({".pt": "weights"}, ValueError, "'.pt': media_type must be type/subtype", id="no media type"),
        pytest.param({".pt": "a/b\r\nX: y"}, ValueError, "'.pt'", id="a line break"),
        pytest.param({".pt": ""}, ValueError, "'.pt'", id="an empty type"),
        pytest.param({".pt": "a/b", ".PT": "a/c"}, ValueError, "'.pt' twice", id="twice"),
        pytest.param({".pt": None}, TypeError, "must map str to str, got None", id="no text"),
        pytest.param({b".pt": "a/b"}, TypeError, "got b'.pt'", id="bytes"),
        pytest.param([(".pt", "a/b")], TypeError, "must be a mapping", id="pairs"),
        pytest.param("a/b", TypeError, "must be a mapping", id="a text"),
    ],
)
def test_what_is_wrong_is_said_when_it_is_given(tmp_path, types, error, message):
    with pytest.raises(error, match="^media_types.*" + message):
        serve_files(tmp_path, media_types=types)
    with pytest.raises(error, match="^media_types of Wrong.*" + message):
        type("Wrong", (FileResponse,), {"media_types": types})


def test_no_types_are_as_none(tmp_path, file):
    path = file("a.js.gz")
    app = serve_files(path.parent, media_types={})
    assert call(app, PATH_INFO="/a.js.gz").values("Content-Encoding") == ["gzip"]
