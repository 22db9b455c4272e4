"""Last-Modified and ETag of files: packagers' times, copies on several machines, deployments, ticks of the clock."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from responses.sample_file import DATA
from responses.wsgi_calls import call

from wsgiresp import serve_files
from wsgiresp._files.content_digest import LARGEST
from wsgiresp._protocol.file_versions import TICK
from wsgiresp.responses import FileResponse, file_validators

SECOND = 10**9
OLD = 1_650_000_000 * SECOND + 7  # ns: a time after 2001
# NixOS/nixpkgs#25485, static-web-server#487, GoogleChrome/web.dev#3913, fedwiki/wiki-server#151.
PACKAGERS = [
    pytest.param(0, id="the epoch"),
    pytest.param(1, id="Nix"),
    pytest.param(315532800, id="zip"),
    pytest.param(499162500, id="npm"),
    pytest.param(946684800, id="Bazel"),
    pytest.param(-86400, id="before 1970"),
    pytest.param(978307199, id="the last second of 2000"),
]
SERVED = [
    pytest.param(lambda path: FileResponse(path), id="FileResponse"),
    pytest.param(lambda path: serve_files(path.parent), id="serve_files"),
]


def ask(app, **fields):
    return call(app, PATH_INFO="/app.js", **{f"HTTP_{name.upper()}": value for name, value in fields.items()})


def tag_of(path):
    (tag,) = ask(FileResponse(path)).values("ETag")
    return tag


def write(path, content, mtime_ns=None):
    path.write_bytes(content)
    if mtime_ns is not None:
        os.utime(path, ns=(mtime_ns, mtime_ns))


def deploy_by_a_rename(path, content, mtime_ns):
    """As package managers and rsync do it: a new file takes the name of the old one."""
    write(path.with_name("new"), content, mtime_ns)
    path.with_name("new").replace(path)


def deploy_in_place(path, content, mtime_ns):
    write(path, content, mtime_ns)


def deploy_by_removing(path, content, mtime_ns):
    """As unzip does it: file systems use the inode number again at once."""
    path.unlink()
    write(path, content, mtime_ns)


DEPLOYMENTS = [
    pytest.param(deploy_by_a_rename, id="by a rename"),
    pytest.param(deploy_in_place, id="in place"),
    pytest.param(deploy_by_removing, id="by removing the old file"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.js"


@pytest.mark.parametrize("make", SERVED)
@pytest.mark.parametrize("mtime", PACKAGERS)
class TestTheTimeOfAPackager:
    def test_there_is_no_last_modified(self, path, make, mtime):
        write(path, DATA, mtime * SECOND)
        answer = ask(make(path))
        assert (answer.status, answer.values("Last-Modified")) == ("200 OK", [])
        assert answer.values("ETag") != []

    def test_a_304_and_a_part_have_none_either(self, path, make, mtime):
        write(path, DATA, mtime * SECOND)
        assert ask(make(path), range="bytes=0-9").values("Last-Modified") == []
        assert ask(make(path), if_none_match="*").values("Last-Modified") == []

    @pytest.mark.parametrize("deploy", DEPLOYMENTS)
    def test_other_bytes_of_the_same_length_get_another_tag(self, path, make, mtime, deploy):
        write(path, b"version 1", mtime * SECOND)
        (first,) = ask(make(path)).values("ETag")
        deploy(path, b"version 2", mtime * SECOND)
        answer = ask(make(path), if_none_match=first)
        assert (answer.status, answer.body) == ("200 OK", b"version 2")

    def test_the_tag_stays_where_nothing_changes(self, path, make, mtime):
        write(path, DATA, mtime * SECOND)
        (tag,) = ask(make(path)).values("ETag")
        assert ask(make(path), if_none_match=tag).status == "304 Not Modified"
        assert ask(make(path), range="bytes=0-9", if_range=tag).body == DATA[:10]

    def test_a_date_that_a_client_has_from_elsewhere_proves_nothing(self, path, make, mtime):
        write(path, DATA, mtime * SECOND)
        now = "Fri, 06 Nov 2099 08:49:37 GMT"
        assert ask(make(path), if_modified_since=now).status == "200 OK"
        assert ask(make(path), if_unmodified_since="Thu, 01 Jan 1970 00:00:01 GMT").status == "200 OK"

    def test_a_header_that_is_given_wins(self, path, make, mtime):
        write(path, DATA, mtime * SECOND)
        fields = {"Last-Modified": "Thu, 01 Jan 1970 00:00:01 GMT", "ETag": '"mine"'}
        answer = ask(FileResponse(path, headers=fields))
        assert [answer.values(name) for name in fields] == [[value] for value in fields.values()]


def test_the_first_second_of_2001_is_a_last_modified(path):
    write(path, DATA, 978307200 * SECOND)
    assert ask(FileResponse(path)).values("Last-Modified") == ["Mon, 01 Jan 2001 00:00:00 GMT"]


@pytest.fixture
def copies(tmp_path):
    """Return two folders with one file of one time, as of two machines."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    write(here / "app.js", DATA, OLD)
    shutil.copy2(here / "app.js", there)
    return here, there


class TestCopiesOnSeveralMachines:
    # With the inode number in the tag they differ: hapijs/inert#29 and NixOS/nixpkgs#222354 weigh that.
    def test_copies_with_one_time_have_one_tag(self, copies):
        here, there = (tag_of(folder / "app.js") for folder in copies)
        assert here == there

    def test_a_download_is_resumed_at_another_machine(self, copies):
        here, there = (serve_files(folder) for folder in copies)
        (tag,) = ask(here).values("ETag")
        rest = ask(there, range="bytes=1000-", if_range=tag)
        assert (rest.status, rest.body) == ("206 Partial Content", DATA[1000:])

    def test_a_download_of_another_version_begins_anew(self, copies):
        here, there = copies
        (tag,) = ask(serve_files(here)).values("ETag")
        write(there / "app.js", DATA[::-1], OLD + 1)
        whole = ask(serve_files(there), range="bytes=1000-", if_range=tag)
        assert (whole.status, whole.body) == ("200 OK", DATA[::-1])

    def test_copies_that_are_as_new_as_can_be_have_one_tag(self, copies):
        here, there = copies
        write(here / "app.js", DATA)
        shutil.copy2(here / "app.js", there)
        assert tag_of(here / "app.js") == tag_of(there / "app.js")

    def test_a_hard_link_has_the_tag_of_its_file(self, copies):
        here, _ = copies
        before = tag_of(here / "app.js")
        os.link(here / "app.js", here / "link.js")
        assert tag_of(here / "link.js") == tag_of(here / "app.js") == before


class FakeClock:
    """The time that responses see, in ns since 1970; the files keep their own."""

    def __init__(self, ns):
        self.ns = ns

    def time(self):
        return self.ns / 1e9


@pytest.fixture
def clock(monkeypatch):
    clock = FakeClock(OLD)
    monkeypatch.setattr(file_validators, "time", clock)
    return clock


class TestTwoChangesWithinOneTick:
    """What a file system with a coarse clock shows is made by hand: two versions with the same mtime."""

    @pytest.mark.parametrize("deploy", DEPLOYMENTS)
    def test_the_second_has_another_tag(self, path, clock, deploy):
        write(path, b"version 1", OLD)
        first = tag_of(path)
        deploy(path, b"version 2", OLD)
        assert tag_of(path) != first

    @pytest.mark.parametrize("deploy", DEPLOYMENTS)
    def test_a_client_of_the_first_gets_the_second_after_the_tick(self, path, clock, deploy):
        write(path, b"version 1", OLD)
        first = tag_of(path)
        deploy(path, b"version 2", OLD)
        clock.ns += 60 * SECOND
        assert ask(FileResponse(path), if_none_match=first).body == b"version 2"
        assert ask(FileResponse(path), if_range=first, range="bytes=0-1").body == b"version 2"
        assert ask(FileResponse(path), if_match=first).status == "412 Precondition Failed"

    def test_a_client_of_the_last_keeps_its_tag_after_the_tick(self, path, clock):
        write(path, b"version 1", OLD)
        early = tag_of(path)
        clock.ns += 60 * SECOND
        assert tag_of(path) != early
        answer = ask(FileResponse(path), if_none_match=early)
        assert (answer.status, answer.values("ETag")) == ("304 Not Modified", [early])
        answer = ask(FileResponse(path), if_range=early, range="bytes=8-")
        assert (answer.body, answer.values("ETag")) == (b"1", [early])
        assert ask(FileResponse(path), if_match=f'"x", {early}').status == "200 OK"

    def test_after_the_tick_all_others_get_the_tag_of_the_times(self, path, clock):
        write(path, b"version 1", OLD)
        clock.ns += TICK + 1000  # a float has no nanoseconds of today
        assert tag_of(path) == f'"{OLD:x}-9"'

    def test_a_tag_that_only_begins_alike_is_not_taken(self, path, clock):
        write(path, b"version 1", OLD)
        clock.ns += 60 * SECOND
        answer = ask(FileResponse(path), if_none_match=f'"{OLD:x}-9-{"0" * 32}"')
        assert (answer.status, answer.values("ETag")) == ("200 OK", [f'"{OLD:x}-9"'])

    def test_a_file_of_a_packager_is_looked_at_by_the_time_of_its_deployment(self, path, clock):
        write(path, b"version 1", SECOND)
        status = path.stat()
        settled = f'"{SECOND:x}-9-{status.st_ino:x}-{status.st_ctime_ns:x}"'
        clock.ns = status.st_ctime_ns
        assert tag_of(path).startswith(settled[:-1] + "-")
        clock.ns += 60 * SECOND
        assert tag_of(path) == settled

    def test_a_large_file_is_not_read_for_its_tag(self, path, clock):
        write(path, bytes(LARGEST + 1), OLD)
        early = tag_of(path)
        clock.ns += 60 * SECOND
        # Who fetches it in parts, without a condition, finds one tag in all of them.
        assert early == tag_of(path) == f'"{OLD:x}-{LARGEST + 1:x}"'

    def test_the_largest_small_file_is_read_for_its_tag(self, path, clock):
        write(path, bytes(LARGEST), OLD)
        first = tag_of(path)
        deploy_in_place(path, bytes(LARGEST - 1) + b"\1", OLD)
        assert tag_of(path) != first

    def test_a_file_that_is_deleted_after_it_was_sent_has_a_tag(self, path, clock):
        write(path, b"version 1", OLD)
        expected = tag_of(path)
        answer = call(FileResponse(path, delete_after=True))
        assert (answer.values("ETag"), answer.body) == ([expected], b"version 1")

    def test_no_tag_is_made_where_none_is_wanted(self, path, clock):
        write(path, b"version 1", OLD)
        assert call(FileResponse(path, etag=False)).values("ETag") == []


def test_a_time_in_the_future_is_settled(path):
    later = (int(time.time()) + 3600) * SECOND
    write(path, DATA, later)
    assert tag_of(path) == f'"{later:x}-400"'


def test_a_file_that_became_shorter_while_its_tag_was_made_breaks_the_transfer(path, clock, monkeypatch):
    write(path, DATA, OLD)
    real = file_validators.content_digest

    def shortened(source, length):
        os.truncate(path, 10)
        return real(source, length)

    monkeypatch.setattr(file_validators, "content_digest", shortened)
    with pytest.raises(EOFError):
        call(FileResponse(path))


AGES = st.lists(st.integers(0, 3 * SECOND) | st.integers(0, 2 * TICK), min_size=1, max_size=4)


@settings(deadline=None)  # it writes files
@given(mtime_ns=st.sampled_from([OLD, OLD - 7, SECOND]), ages=AGES)
def test_a_tag_that_was_given_is_known_for_as_long_as_the_file_stays(tmp_path_factory, mtime_ns, ages):
    path = tmp_path_factory.mktemp("files") / "app.js"
    write(path, DATA, mtime_ns)
    changed = path.stat().st_ctime_ns if mtime_ns == SECOND else mtime_ns
    tags = []
    with pytest.MonkeyPatch.context() as patch:
        for age in sorted(ages):
            patch.setattr(file_validators, "time", FakeClock(changed + age))
            tags.append(tag_of(path))
            assert {ask(FileResponse(path), if_none_match=tag).status for tag in tags} == {"304 Not Modified"}
