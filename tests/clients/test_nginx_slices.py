"""A real nginx that fetches files in slices of 1 MiB and keeps them (its slice module): what its clients get.

It asks for the first slice of whatever length, and only the answer tells it how long the file is. A 416 for an empty
file went on to a client that had asked for all of it (minio/minio#17708, elixir-plug/plug#1317), and a 200 for a later
slice ends the transfer (elixir-plug/plug#845).
"""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest
from clients.external_programs import needs
from clients.nginx_proxy import nginx
from clients.website import publish
from servers.http_client import Connection

MIB = 2**20
LENGTHS = [
    pytest.param(0, id="no byte"),
    pytest.param(1, id="one byte"),
    pytest.param(MIB - 1, id="a slice but one byte"),
    pytest.param(MIB, id="one slice"),
    pytest.param(MIB + 1, id="a slice and one byte"),
    pytest.param(5 * MIB, id="five slices"),
]
BYTES = random.Random(5).randbytes(5 * MIB)

# The example of nginx's documentation of the module.
CONFIGURATION = """
proxy_cache_path slices keys_zone=slices:1m;
server {
    listen {listen};
    location / {
        slice 1m;
        proxy_cache slices;
        proxy_cache_key $uri$is_args$args$slice_range;
        proxy_set_header Range $slice_range;
        proxy_cache_valid 200 206 1h;
        proxy_http_version 1.1;
        proxy_pass {application};
    }
}
"""


def has_slice_module():
    """Return whether nginx is here and was built with the module, as it says itself."""
    if shutil.which("nginx") is None:
        return False
    built = subprocess.run(["nginx", "-V"], capture_output=True, text=True, timeout=10)
    return "--with-http_slice_module" in built.stderr


pytestmark = [
    needs("nginx"),
    pytest.mark.skipif(not has_slice_module(), reason="nginx was built without --with-http_slice_module"),
]


@pytest.fixture(scope="module")
def website(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sliced")
    for case in LENGTHS:
        (length,) = case.values
        (folder / f"{length}.bin").write_bytes(BYTES[:length])
    with publish(folder, "gunicorn:gevent") as website:
        yield website


@pytest.fixture(scope="module")
def ask(website, tmp_path_factory):
    """Return ``ask(length, mark, *fields)``: the answer of nginx for the file of so many bytes."""
    block = CONFIGURATION.replace("{application}", "http://{}:{}".format(*website.server.address))
    with nginx(tmp_path_factory.mktemp("nginx"), block) as address:

        def ask(length, mark, *fields):
            with Connection(address) as connection:
                return connection.exchange("GET", f"/files/{length}.bin?{mark}", ("Connection", "close"), *fields)

        yield ask


@pytest.mark.parametrize("length", LENGTHS)
def test_a_file_of_any_length_arrives(ask, mark, length):
    answer = ask(length, mark)
    assert (answer.status, answer.values("Content-Length")) == (200, [str(length)])
    assert answer.body == BYTES[:length]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_file_of_any_length_arrives_from_the_cache(ask, website, mark, length):
    ask(length, mark)
    asked = len(website.seen(mark))
    answer = ask(length, mark)
    assert (answer.status, answer.body) == (200, BYTES[:length])
    assert len(website.seen(mark)) == asked


def test_each_slice_is_asked_for_by_itself(ask, website, mark):
    ask(5 * MIB, mark)
    asked = [(seen.environ["HTTP_RANGE"], seen.code) for seen in website.seen(mark)]
    assert asked == [(f"bytes={start}-{start + MIB - 1}", 206) for start in range(0, 5 * MIB, MIB)]


def test_an_empty_file_is_asked_for_by_its_first_slice(ask, website, mark):
    ask(0, mark)
    assert [(seen.environ["HTTP_RANGE"], seen.code) for seen in website.seen(mark)] == [("bytes=0-1048575", 200)]


def test_a_range_across_slices_is_one_part(ask, mark):
    answer = ask(5 * MIB, mark, ("Range", "bytes=1048570-2097160"))
    assert (answer.status, answer.values("Content-Range")) == (206, ["bytes 1048570-2097160/5242880"])
    assert answer.body == BYTES[1048570:2097161]
