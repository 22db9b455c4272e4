from __future__ import annotations

import pytest

from wsgiresp.responses.media_types import guessed


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
        ("a.txt.bz2", "application/x-bzip2"),
        ("a.xz", "application/x-xz"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.txt/a", "application/octet-stream"),
        ("a.webp", "image/webp"),
        ("a.WOFF2", "font/woff2"),
        ("README", "application/octet-stream"),
        ("txt", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_the_suffix_of_the_name_decides_the_type(name, media_type):
    assert guessed(name) == media_type
