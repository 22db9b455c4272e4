"""curl resumes a download at another server than the one that it has the first half from."""

from __future__ import annotations

import os
import random
import shutil
import subprocess

import pytest
from clients.external_programs import PATIENCE, environ, needs, run
from clients.website import publish
from servers.server_processes import cases

pytestmark = needs("curl")

BYTES = random.Random(2).randbytes(3_000_000)
HALF = 1_000_001
CURL = ("curl", "-q", "--silent", "--show-error")
CANNOT_RESUME = 33  # of curl: -C - was answered with a 200
CHANGED = 1_650_000_000_000_000_007  # ns: a time after 2001


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def replicas(request, tmp_path_factory):
    """Two servers with a folder each, and in it a copy of one file with its time."""
    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    (here / "disk.img").write_bytes(BYTES)
    os.utime(here / "disk.img", ns=(CHANGED, CHANGED))
    shutil.copy2(here / "disk.img", there)
    with publish(here, request.param) as one, publish(there, request.param) as other:
        yield one, other


@pytest.fixture
def half(tmp_path):
    """A folder with the first half of the file, as an earlier download has left it."""
    (tmp_path / "disk.img").write_bytes(BYTES[:HALF])
    return tmp_path


def tag_at(website, folder):
    head = run(folder, *CURL, "--head", website.url("plain", "disk.img"))
    (tag,) = (line[len("etag: ") :] for line in head.splitlines() if line.lower().startswith("etag: "))
    return tag


def resume(folder, website, mark, tag):
    """Have curl take up the download at *website*, as one of the version of *tag*; return its exit code."""
    command = (*CURL, "-C", "-", "-H", f"If-Range: {tag}", "-o", "disk.img", website.url("plain", "disk.img", mark))
    done = subprocess.run(command, cwd=folder, env=environ(folder), capture_output=True, timeout=PATIENCE)
    return done.returncode


def test_copies_have_one_tag(replicas, tmp_path):
    one, other = (tag_at(website, tmp_path) for website in replicas)
    assert one == other


def test_a_download_is_made_whole_at_the_other_server(replicas, half, mark):
    one, other = replicas
    assert resume(half, other, mark, tag_at(one, half)) == 0
    (seen,) = other.seen(mark)
    assert (seen.code, seen.start) == (206, HALF)
    assert (half / "disk.img").read_bytes() == BYTES


@pytest.fixture
def newer(replicas):
    """The other server, where the file is of another version with the same length."""
    _, other = replicas
    kept = other.folder / "kept"
    (other.folder / "disk.img").rename(kept)
    (other.folder / "disk.img").write_bytes(BYTES[::-1])
    os.utime(other.folder / "disk.img", ns=(CHANGED + 1, CHANGED + 1))
    yield other
    kept.replace(other.folder / "disk.img")


def test_of_another_version_curl_is_sent_the_whole_and_joins_nothing(replicas, newer, half, mark):
    one, _ = replicas
    assert resume(half, newer, mark, tag_at(one, half)) == CANNOT_RESUME
    (seen,) = newer.seen(mark)
    assert (seen.code, seen.start) == (200, HALF)
    assert ["Content-Length", str(len(BYTES))] in seen.fields
    assert (half / "disk.img").read_bytes() == BYTES[:HALF]


def test_who_asks_for_a_part_of_the_old_version_gets_the_whole_of_the_new(replicas, newer, tmp_path):
    one, _ = replicas
    command = (*CURL, "-r", f"{HALF}-", "-H", f"If-Range: {tag_at(one, tmp_path)}", "-o", "disk.img")
    run(tmp_path, *command, newer.url("plain", "disk.img"))
    assert (tmp_path / "disk.img").read_bytes() == BYTES[::-1]
