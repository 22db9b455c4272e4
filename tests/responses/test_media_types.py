"""The media type of a file, by its name."""

from __future__ import annotations

import mimetypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.file_endings import MEDIA_TYPES
from wsgiresp.responses.media_types import guessed

BUILT_IN = vars(mimetypes)["_types_map_default"]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.txt", "text/plain"),
        ("a.PNG", "image/png"),
        ("folder.d/a.v2.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.svgz", "application/gzip"),
        ("a.css.br", "application/octet-stream"),
        ("a.js.zst", "application/zstd"),
        ("a.txt.bz2", "application/x-bzip2"),
        ("a.xz", "application/x-xz"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.txt/a", "application/octet-stream"),
        ("folder.gz/a", "application/octet-stream"),
        ("a.webp", "image/webp"),
        ("a.WOFF2", "font/woff2"),
        ("README", "application/octet-stream"),
        ("txt", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("folder/.html", "application/octet-stream"),
        ("folder/.gz", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_the_ending_of_the_name_decides_the_type(name, media_type):
    assert guessed(name)[0] == media_type


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        # encode/starlette#829, python/cpython#88141: text/plain from a machine's table stops modules of JavaScript.
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("a.ts", "video/mp2t"),
        ("a.jxl", "image/jxl"),
        ("a.geojson", "application/geo+json"),
        ("a.mpd", "application/dash+xml"),
        ("a.m3u8", "application/vnd.apple.mpegurl"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.yaml", "application/yaml"),
        ("a.toml", "application/toml"),
        ("a.xml", "application/xml"),
        ("a.rtf", "application/rtf"),
        ("a.opus", "audio/ogg"),
        ("a.ico", "image/vnd.microsoft.icon"),
        ("a.3gp", "video/3gpp"),
        ("a.glb", "model/gltf-binary"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.pt", "application/octet-stream"),
    ],
)
def test_the_web_has_its_types(name, media_type):
    assert guessed(name)[0] == media_type


def test_what_our_table_lacks_is_that_of_python():
    assert ".bcpio" not in MEDIA_TYPES
    assert guessed("a.bcpio")[0] == BUILT_IN[".bcpio"] == "application/x-bcpio"


def test_all_of_pythons_table_is_known():
    unknown = {key for key in BUILT_IN if guessed(f"a{key}")[0] == "application/octet-stream"}
    assert unknown == {key for key, media_type in BUILT_IN.items() if media_type == "application/octet-stream"}


@given(stem=st.text(min_size=1), key=st.sampled_from(sorted(MEDIA_TYPES)), upper=st.booleans())
def test_the_case_of_an_ending_and_what_stands_before_it_change_nothing(stem, key, upper):
    name = "a" + stem.replace("/", "") + (key.upper() if upper else key)
    assert guessed(name) == (MEDIA_TYPES[key], None)
