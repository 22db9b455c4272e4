"""curl, wget and aria2 download, resume and check again, and end up with the file that is served."""

from __future__ import annotations

import email.policy
import hashlib
import os

import pytest
from clients.external_programs import needs, run
from known_faults import Fault

CURL = ("curl", "-q", "--silent", "--show-error")
WGET = ("wget", "--no-config", "--no-verbose", "--tries=1")
ARIA2 = ("aria2c", "--no-conf", "--quiet", "--max-tries=1", "--file-allocation=none")

HALF = 10_000_001  # bytes that an earlier download got; no block ends there


@pytest.fixture
def half(tmp_path, big):
    (tmp_path / "big.bin").write_bytes(big[:HALF])
    return tmp_path


@pytest.fixture
def whole(tmp_path, website):
    (tmp_path / "big.bin").write_bytes((website.folder / "big.bin").read_bytes())
    return tmp_path


RESUMING = [
    pytest.param((*CURL, "-C", "-", "-o", "big.bin"), marks=needs("curl"), id="curl -C -"),
    pytest.param((*WGET, "-c", "-O", "big.bin"), marks=needs("wget"), id="wget -c"),
    pytest.param((*ARIA2, "-c", "-o", "big.bin"), marks=needs("aria2c"), id="aria2c -c"),
]


@pytest.mark.parametrize("command", RESUMING)
def test_half_a_download_is_made_whole(website, big, half, mark, command):
    run(half, *command, website.url("files", "big.bin", mark))
    assert (half / "big.bin").read_bytes() == big


@pytest.mark.parametrize("command", RESUMING)
def test_only_the_missing_half_is_asked_for(website, half, mark, command):
    run(half, *command, website.url("files", "big.bin", mark))
    # aria2 asks for all of it first and lets go of that answer; then it goes back to where one of its pieces begins.
    seen = website.seen(mark)[-1]
    assert seen.code == 206
    assert HALF - 2**20 < seen.start <= HALF


@pytest.mark.parametrize("command", RESUMING[:2])
def test_a_download_that_is_whole_is_not_sent_again(website, whole, mark, command):
    run(whole, *command, website.url("files", "big.bin", mark))
    assert [seen.code for seen in website.seen(mark)] == [416]


@needs("curl")
@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param("0-0", slice(0, 1), id="the first byte"),
        pytest.param("8191-8192", slice(8191, 8193), id="two bytes across a page"),
        pytest.param("19999990-", slice(19_999_990, None), id="the rest"),
        pytest.param("-500", slice(-500, None), id="the last bytes"),
        pytest.param("1000000-15999999", slice(1_000_000, 16_000_000), id="most of it"),
        pytest.param("19999990-99999999", slice(19_999_990, None), id="beyond the end"),
    ],
)
def test_curl_gets_the_range_it_asks_for(website, big, tmp_path, asked, wanted):
    run(tmp_path, *CURL, "-r", asked, "-o", "part", website.url("files", "big.bin"))
    assert (tmp_path / "part").read_bytes() == big[wanted]


@needs("curl")
def test_curl_gets_several_ranges_in_parts(website, big, tmp_path):
    command = (*CURL, "-r", "0-9,1000000-1000009,-10", "-o", "parts", "-w", "content-type: %{content_type}\\r\\n\\r\\n")
    head = run(tmp_path, *command, website.url("files", "big.bin"))
    message = email.message_from_bytes(head.encode() + (tmp_path / "parts").read_bytes(), policy=email.policy.HTTP)
    bodies = [part.get_payload(decode=True) for part in message.iter_parts()]
    assert bodies == [big[:10], big[1_000_000:1_000_010], big[-10:]]


@needs("aria2c")
def test_aria2_puts_eight_connections_together(website, big, tmp_path):
    checksum = f"--checksum=sha-256={hashlib.sha256(big).hexdigest()}"
    command = (*ARIA2, "-x8", "-s8", "-k1M", checksum, "-o", "big.bin")
    run(tmp_path, *command, website.url("files", "big.bin"))
    assert (tmp_path / "big.bin").read_bytes() == big


@needs("aria2c")
def test_aria2_gets_each_of_its_parts_as_a_206(website, tmp_path, mark):
    run(tmp_path, *ARIA2, "-x8", "-s8", "-k1M", "-o", "big.bin", website.url("files", "big.bin", mark))
    parts = [seen.code for seen in website.seen(mark) if seen.start]
    assert len(parts) >= 7
    assert set(parts) == {206}


@needs("curl")
def test_curl_is_told_that_its_copy_is_current(website, big, tmp_path, mark):
    command = (*CURL, "--etag-save", "tag", "--etag-compare", "tag", "-o", "big.bin")
    url = website.url("files", "big.bin", mark)
    run(tmp_path, *command, url)
    run(tmp_path, *command, url)
    assert [seen.code for seen in website.seen(mark)] == [200, 304]


@needs("wget")
def test_wget_is_told_that_its_copy_is_as_new(website, tmp_path, mark):
    url = website.url("files", "big.bin", mark)
    for _ in range(2):
        run(tmp_path, *WGET, "-N", url)
    assert [seen.code for seen in website.seen(mark)] == [200, 304]


KNOWS_NO_UTF_8 = Fault(
    "curl", "tests/clients/test_downloaders.py, KNOWS_NO_UTF_8", "saves a file by its name in ASCII beside one in UTF-8"
)
SAVING = [
    pytest.param((*CURL, "-O", "-J"), KNOWS_NO_UTF_8, marks=needs("curl"), id="curl"),
    pytest.param(ARIA2, None, marks=needs("aria2c"), id="aria2"),
]


@pytest.mark.parametrize(("command", "fault"), SAVING)
def test_a_file_is_saved_by_the_name_it_was_given(website, tmp_path, note_fault, command, fault):
    (website.folder / "Grüße.txt").write_text("Hallo\n")
    run(tmp_path, *command, website.url("saved", "Grüße.txt"))
    (name,) = os.listdir(tmp_path)
    if fault:
        note_fault(fault, shows=name == "Gru_e.txt")
        assert name in ("Gru_e.txt", "Grüße.txt")
    else:
        assert name == "Grüße.txt"
