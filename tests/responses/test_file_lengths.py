"""Files whose size is not their length: those of /proc and /sys, in all that a request may ask of them.

Reported for other servers: golang/go#10699, expressjs/express#4944, cesanta/mongoose#2527; for HEAD oven-sh/bun#34242.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from responses.wsgi_calls import call

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse, XAccelRedirect

PLACES = {
    "/proc/cpuinfo": "procfs, which cannot seek to its end",
    "/proc/self/cmdline": "procfs, which can",
    "/proc/kallsyms": "procfs, of many reads",
    "/sys/kernel/mm/transparent_hugepage/enabled": "sysfs",
}
SIZED = "/sys/kernel/notes"  # its size is right, and it has no blocks


def place(path, text):
    missing = not os.access(path, os.R_OK)
    return pytest.param(path, id=text, marks=pytest.mark.skipif(missing, reason=f"this system has no {path}"))


places = pytest.mark.parametrize("path", [place(*item) for item in PLACES.items()])
needs_proc = pytest.mark.skipif(not os.access("/proc/self/cmdline", os.R_OK), reason="this system has no /proc")


def opened(path):
    return Path(path).open("rb")


def names(answer):
    return {name.lower() for name, _ in answer.headers}


def comparable(path, content):
    """Return what does not change from one look at *path* to the next."""
    return content.splitlines()[:5] if path == "/proc/cpuinfo" else content


@places
@pytest.mark.parametrize("opens", [str, io.FileIO, opened], ids=["a path", "an unbuffered file", "a file object"])
def test_it_is_sent_whole_without_length_and_validators(path, opens):
    answer = call(FileResponse(opens(path)))
    assert (answer.status, names(answer)) == ("200 OK", {"content-type"})
    assert comparable(path, answer.body) == comparable(path, Path(path).read_bytes()) != b""


@places
def test_head_has_the_fields_of_get(path):
    answer = call(FileResponse(path), "HEAD")
    assert (answer.status, answer.headers, answer.body) == ("200 OK", call(FileResponse(path)).headers, b"")


@places
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"HTTP_RANGE": "bytes=0-3"}, id="a range"),
        pytest.param({"HTTP_RANGE": "bytes=-1"}, id="a suffix"),
        pytest.param({"HTTP_RANGE": "bytes=0-3", "HTTP_IF_RANGE": '"a"'}, id="a range of a version"),
        pytest.param({"HTTP_IF_NONE_MATCH": '"a"'}, id="a tag"),
        pytest.param({"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2038 00:00:00 GMT"}, id="a date"),
    ],
)
def test_ranges_and_conditions_get_all_of_it(path, asked):
    answer = call(FileResponse(path), **asked)
    assert (answer.status, names(answer)) == ("200 OK", {"content-type"})
    assert comparable(path, answer.body) == comparable(path, Path(path).read_bytes())


@needs_proc
def test_a_given_tag_is_compared():
    response = FileResponse("/proc/self/cmdline", headers={"ETag": '"a"'})
    assert call(response, HTTP_IF_NONE_MATCH='"a"').status == "304 Not Modified"


@needs_proc
@pytest.mark.parametrize(("etag", "tags"), [("a", ['"a"']), (lambda path, status: "a", [])], ids=["text", "function"])
def test_a_text_is_its_tag_and_a_function_is_not_called(etag, tags):
    assert call(FileResponse("/proc/self/cmdline", etag=etag)).values("ETag") == tags


@needs_proc
def test_a_given_length_is_announced():
    length = len(Path("/proc/self/cmdline").read_bytes())
    answer = call(FileResponse("/proc/self/cmdline", headers={"Content-Length": str(length)}))
    assert (answer.values("Content-Length"), len(answer.body)) == ([str(length)], length)


@needs_proc
def test_beneath_a_root_it_is_sent_as_well():
    folder = f"/proc/{os.getpid()}"
    assert call(FileResponse("cmdline", root=folder)).body == Path("/proc/self/cmdline").read_bytes()


@needs_proc
def test_a_folder_of_such_files_is_served():
    answer = call(serve_files(f"/proc/{os.getpid()}"), PATH_INFO="/cmdline")
    assert (answer.status, answer.body) == ("200 OK", Path("/proc/self/cmdline").read_bytes())


@needs_proc
def test_the_server_in_front_sends_it_by_itself():
    response = FileResponse("/proc/cpuinfo", offload=XAccelRedirect("/files/", "/proc"))
    assert call(response).values("X-Accel-Redirect") == ["/files/cpuinfo"]


@needs_proc
def test_one_that_cannot_be_read_is_an_error_before_the_answer_begins():
    with pytest.raises(OSError, match="Input/output error"):
        call(FileResponse("/proc/self/mem"))


@pytest.mark.skipif(not os.access(SIZED, os.R_OK), reason=f"this system has no {SIZED}")
def test_a_file_of_the_kernel_whose_size_is_right_keeps_length_and_ranges():
    content = Path(SIZED).read_bytes()
    answer = call(FileResponse(SIZED), HTTP_RANGE="bytes=1-3")
    assert (answer.status, answer.body) == ("206 Partial Content", content[1:4])
    assert call(FileResponse(SIZED)).values("Content-Length") == [str(len(content))]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_empty_file_keeps_its_length_and_validators(tmp_path, method):
    (tmp_path / "empty").write_bytes(b"")
    answer = call(FileResponse(tmp_path / "empty"), method)
    assert answer.values("Content-Length") == ["0"]
    assert {"etag", "accept-ranges"} <= names(answer)


def test_a_sparse_file_keeps_its_length(tmp_path):
    with (tmp_path / "sparse").open("wb") as handle:
        handle.truncate(2**20)
    assert call(FileResponse(tmp_path / "sparse"), "HEAD").values("Content-Length") == [str(2**20)]
