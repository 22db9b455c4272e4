"""File objects over the wire of every server: none sends what a descriptor has in the place of what is read.

``gzip.open()`` has the ``fileno()`` of the compressed file, and that of a buffered file stands further on than what was
read of it. Servers that ask a file for its descriptor send these bytes: jschneier/django-storages issue 1348.
"""

from __future__ import annotations

import gzip
import hashlib

import pytest
from servers.server_processes import serve

CONTENT = bytes(range(256)) * 4096
SEEKABLE = ["file", "unbuffered-file", "gzip", "memory"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("objects")
    (found / "a").write_bytes(b"head" + CONTENT)
    (found / "a.gz").write_bytes(gzip.compress(CONTENT))
    return found


@pytest.fixture(scope="module")
def server(server_name, folder):
    with serve(server_name, "file_objects:app", environ={"FILES": str(folder)}) as running:
        yield running


@pytest.mark.parametrize("name", [*SEEKABLE, "process"])
def test_a_file_object_is_sent_as_it_is_read(server, name):
    answer = server.exchange("GET", f"/{name}")
    assert (answer.status, answer.body == CONTENT) == (200, True)


@pytest.mark.parametrize("name", SEEKABLE)
@pytest.mark.parametrize(("start", "stop"), [(0, 2), (0, len(CONTENT)), (300_000, 900_000), (1_048_000, len(CONTENT))])
def test_a_range_of_a_file_object_is_a_range_of_what_is_read(server, name, start, stop):
    answer = server.exchange("GET", f"/{name}", ("Range", f"bytes={start}-{stop - 1}"))
    assert (answer.status, answer.body == CONTENT[start:stop]) == (206, True)


def test_a_part_of_another_version_is_the_whole(server):
    first = server.exchange("GET", "/old", ("Range", "bytes=0-1"))
    (etag,) = first.values("ETag")
    assert etag == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    rest = (("Range", "bytes=2-"), ("If-Range", etag))
    assert server.exchange("GET", "/old", *rest).status == 206
    answer = server.exchange("GET", "/new", *rest)
    assert (answer.status, answer.body == CONTENT[::-1]) == (200, True)
