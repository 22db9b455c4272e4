"""Endings of names: types, compressions, and what is a part of a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.content import content_type
from wsgiresp._protocol.file_endings import MEDIA_TYPES, Compression, compression, ending, is_page_part

# Added, or given another type, between Python 3.11 and the main branch of 2026.
CHANGED_IN_PYTHON = """
.7z .avi .deb .docx .emf .eot .epub .fits .flac .g3 .glb .gltf .jp2 .jpm .jpx .js .m4a .m4v .markdown .md .mjs .mk3d
.mka .mkv .odg .odp .ods .odt .ogg .ogv .ogx .otf .php .pptx .rar .rpm .rst .rtf .stl .t38 .texi .texinfo .tfx .toml
.ttf .wav .weba .webp .wmf .wmv .woff .woff2 .xlsx .yaml .yml
"""


def test_each_key_is_an_ending_in_lower_case():
    assert [key for key in MEDIA_TYPES if not re.fullmatch(r"\.[a-z0-9]+", key)] == []


def test_each_value_is_a_media_type():
    for media_type in MEDIA_TYPES.values():
        content_type(media_type, "utf-8")


def test_no_key_is_the_ending_of_a_compressed_file():
    assert [key for key in MEDIA_TYPES if compression(f"a{key}")] == []


@pytest.mark.parametrize("key", CHANGED_IN_PYTHON.split())
def test_what_differs_between_versions_of_python_is_in_the_table(key):
    assert key in MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("app.js", ".js"),
        ("site.tar.GZ", ".gz"),
        ("README", ""),
        (".profile", ""),
        ("a.", "."),
        ("", ""),
    ],
)
def test_the_ending_is_the_last_one(name, found):
    assert ending(name) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("app.js.gz", Compression("app.js", "application/gzip", "gzip"), id="gzip"),
        pytest.param("App.JS.GZ", Compression("App.JS", "application/gzip", "gzip"), id="in capitals"),
        pytest.param(
            "app.js.br", Compression("app.js", "application/octet-stream", "br"), id="brotli has no media type"
        ),
        pytest.param("app.js.zst", Compression("app.js", "application/zstd", "zstd"), id="zstandard, RFC 8878"),
        pytest.param("pic.svgz", Compression("pic.svg", "application/gzip", "gzip"), id="one ending for two"),
        pytest.param("site.tgz", Compression("site.tar", "application/gzip", "gzip"), id="an archive"),
        pytest.param("a.xz", Compression("a", "application/x-xz", None), id="no browser knows xz"),
        pytest.param("a.Z", Compression("a", "application/x-compress", None), id="compress"),
        pytest.param("a.tbz2", Compression("a.tar", "application/x-bzip2", None), id="bzip2"),
        pytest.param("a.txt", None, id="not compressed"),
        pytest.param("gz", None, id="no ending"),
        pytest.param(".gz", None, id="a name that begins with a dot"),
    ],
)
def test_the_ending_tells_the_compression(name, found):
    assert compression(name) == found


@pytest.mark.parametrize("name", ["index.html", "APP.JS", "x.wasm", "game.data", "game.symbols.json", "game.pck"])
def test_browsers_load_it_for_a_page(name):
    assert is_page_part(name)


@pytest.mark.parametrize("name", ["table.csv", "dump.json", "dump.sql", "site.tar", "README", ".js", "js", "x.ajs", ""])
def test_it_is_rather_saved(name):
    assert not is_page_part(name)


@given(st.text())
def test_a_compressed_file_has_its_content_in_front_of_the_ending(name):
    found = compression(name + ".gz")
    assert (found.content_name if found else "") == name
