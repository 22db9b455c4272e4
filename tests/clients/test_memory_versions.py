"""curl resumes a document that is made in memory, and never joins parts of two versions of it."""

from __future__ import annotations

import subprocess

import pytest
from clients.external_programs import environ, needs, run
from servers.server_processes import cases, serve

CURL = ("curl", "-q", "--silent", "--show-error")
CONTENT = bytes(range(256)) * 4096
HALF = 500_001

pytestmark = needs("curl")


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def url(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    with serve(request.param, "file_objects:app", environ={"FILES": str(folder)}) as server:
        yield "http://{}:{}/".format(*server.address)


@pytest.fixture
def etag(url, tmp_path):
    """The ETag of the half that is in the file ``half``."""
    head = run(tmp_path, *CURL, "-r", f"0-{HALF - 1}", "-o", "half", "-D", "-", f"{url}old")
    assert (tmp_path / "half").read_bytes() == CONTENT[:HALF]
    return next(line.partition(": ")[2].strip() for line in head.splitlines() if line.lower().startswith("etag:"))


def test_half_of_the_same_version_is_made_whole(url, etag, tmp_path):
    told = run(tmp_path, *CURL, "-C", "-", "-H", f"If-Range: {etag}", "-o", "half", "-w", "%{http_code}", f"{url}old")
    assert told == "206"
    assert (tmp_path / "half").read_bytes() == CONTENT


def test_half_of_another_version_gets_the_whole(url, etag, tmp_path):
    command = (*CURL, "-r", f"{HALF}-", "-H", f"If-Range: {etag}", "-o", "new", "-w", "%{http_code}", f"{url}new")
    assert run(tmp_path, *command) == "200"
    assert (tmp_path / "new").read_bytes() == CONTENT[::-1]


def test_curl_refuses_to_add_the_whole_to_half_of_another_version(url, etag, tmp_path):
    command = (*CURL, "-C", "-", "-H", f"If-Range: {etag}", "-o", "half", f"{url}new")
    done = subprocess.run(command, cwd=tmp_path, env=environ(tmp_path), capture_output=True, timeout=30)
    assert (done.returncode, b"Cannot resume" in done.stderr) == (33, True)
    assert (tmp_path / "half").read_bytes() == CONTENT[:HALF]
