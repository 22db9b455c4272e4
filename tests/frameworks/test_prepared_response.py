"""Prepared response: its answer is decided before it is called, hooks may change it, and it is always closed."""

from __future__ import annotations

import contextlib
import os
import threading

import pytest
from responses.wsgi_calls import call, environ, start
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._frameworks.prepared_response import PreparedResponse, needs_preparation, prepare_for_hooks
from wsgiresp.responses import BackgroundTask, FileResponse, JSONResponse, PlainTextResponse, Response


class Wrapper:
    """A file wrapper of a server, which recognizes it by its type."""

    def __init__(self, file, block):
        self.file = file

    def __iter__(self):
        return iter(lambda: self.file.read(8), b"")

    def close(self):
        self.file.close()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"0123456789")
    return tmp_path / "a.txt"


def prepared(response, method="GET", **more):
    return prepare_for_hooks(response, environ(method, **more), lambda twin: None)


@pytest.mark.parametrize("response", [Response(b"a"), JSONResponse({}), PlainTextResponse(status_code=204)], ids=repr)
def test_a_known_body_needs_no_preparation(response):
    assert not needs_preparation(response)


def test_a_file_needs_preparation(path):
    assert needs_preparation(FileResponse(path))


def test_an_iterator_needs_preparation():
    assert needs_preparation(Response(response=iter([b"a"])))


def test_a_list_of_chunks_needs_no_preparation():
    assert not needs_preparation(Response(response=[b"a"]))


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ({}, 200, b"0123456789"),
        ({"HTTP_RANGE": "bytes=2-4"}, 206, b"234"),
        ({"HTTP_RANGE": "bytes=10-"}, 416, b""),
        ({"HTTP_IF_NONE_MATCH": "*"}, 304, b""),
        ({"HTTP_IF_MATCH": '"x"'}, 412, b""),
    ],
    ids=["whole", "a part", "no part", "not modified", "a condition that fails"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_status_and_headers_are_decided_before_the_call(path, method, fields, status, body):
    if method == "HEAD" and "HTTP_RANGE" in fields:
        status, body = 200, b"0123456789"
    response = prepared(FileResponse(path), method, **fields)
    directly = call(FileResponse(path), method, **fields)
    assert response.status_code == status
    answer = call(response, method)
    assert (answer.status, sorted(answer.headers)) == (directly.status, sorted(directly.headers))
    assert answer.body == (body if method == "GET" else b"")


def test_a_prepared_response_keeps_its_class(path):
    response = prepared(FileResponse(path))
    assert isinstance(response, FileResponse)
    assert type(response).__name__ == "FileResponse"


def test_two_prepared_responses_of_one_class_share_their_derived_class(path):
    assert type(prepared(FileResponse(path))) is type(prepared(FileResponse(path)))


def test_threads_derive_one_class(path):
    class Own(FileResponse):
        pass

    kinds = []
    barrier = threading.Barrier(8)

    def make():
        response = Own(path)
        barrier.wait(10)
        one = prepared(response)
        kinds.append(type(one))
        one.drop()

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(kinds) == 8
    assert len(set(kinds)) == 1


def test_the_original_can_be_prepared_again(path):
    constant = FileResponse(path)
    assert [call(prepared(constant)).body for _ in range(2)] == [b"0123456789"] * 2


def test_a_change_is_made_in_the_copy(path):
    constant = FileResponse(path)

    def change(twin):
        twin.status_code = 404

    assert call(prepare_for_hooks(constant, environ(HTTP_RANGE="bytes=0-1"), change)).status == "404 Not Found"
    assert constant.status_code == 200


def test_an_open_file_can_be_prepared_once(path):
    once = FileResponse(path.open("rb"))
    prepared(once).drop()
    with pytest.raises(RuntimeError, match="once"):
        prepared(once)


def test_an_iterator_can_be_prepared_once():
    once = Response(response=iter([b"a", b"b"]))
    assert call(prepared(once)).body == b"ab"
    with pytest.raises(RuntimeError, match="iterator"):
        prepared(once)


def test_a_prepared_response_answers_one_request(path):
    response = prepared(FileResponse(path))
    call(response)
    with pytest.raises(RuntimeError, match="one request"):
        call(response)


def test_the_body_is_the_file_wrapper_of_the_server(path):
    response = prepared(FileResponse(path), **{"wsgi.file_wrapper": Wrapper})
    answer = start(response)
    answer.close()
    assert type(answer.iterable) is Wrapper


def test_hooks_can_change_status_and_headers(path):
    response = prepared(FileResponse(path))
    response.headers["X-Hook"] = "1"
    response.set_cookie("a", "1")
    response.status_code = 203
    answer = call(response)
    assert (answer.status[:3], answer.values("X-Hook"), answer.body) == ("203", ["1"], b"0123456789")
    assert len(answer.values("Set-Cookie")) == 1


def test_hooks_can_replace_the_body(path):
    ran = []
    response = prepared(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.direct_passthrough = False
    response.set_data(b"another")
    answer = call(response)
    assert (answer.body, answer.values("Content-Length"), ran) == (b"another", ["7"], [1])


def test_hooks_can_replace_the_body_with_a_stream():
    ran = []
    response = prepared(Response(response=iter([b"a"]), background=BackgroundTask(ran.append, 1)))
    response.response = iter([b"x", b"y"])
    assert (call(response).body, ran) == (b"xy", [1])


def test_hooks_can_read_the_body(path):
    ran = []
    response = prepared(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.direct_passthrough = False
    assert response.get_data() == b"0123456789"
    assert (call(response).body, ran) == (b"0123456789", [1])


def test_hooks_can_remove_the_body(path):
    ran = []
    response = prepared(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.status_code = 204
    answer = call(response)
    assert (answer.body, answer.values("Content-Length"), ran) == (b"", [], [1])


def test_callbacks_and_tasks_of_hooks_run_after_those_of_the_response(path):
    ran = []
    response = prepared(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.call_on_close(lambda: ran.append(2))
    response.background = BackgroundTask(ran.append, 3)
    assert (call(response).body, ran) == (b"0123456789", [1, 2, 3])


@pytest.fixture
def task(path):
    """A prepared file with a background task, and the list to which the task appends 1."""
    ran = []
    return prepared(FileResponse(path.open("rb"), background=BackgroundTask(ran.append, 1))), ran


def test_a_dropped_response_is_closed_and_its_tasks_run(task):
    response, ran = task
    response.background = BackgroundTask(ran.append, 2)
    handle = response.path
    response.drop()
    assert (handle.closed, ran) == (True, [1, 2])


def test_a_second_drop_changes_nothing(task):
    response, ran = task
    response.drop()
    response.drop()
    assert ran == [1]


def test_a_drop_after_the_call_changes_nothing(task):
    response, ran = task
    answer = start(response)
    response.drop()
    assert (b"".join(answer.iterable), ran) == (b"0123456789", [])
    answer.close()
    assert ran == [1]


def test_an_error_of_start_response_closes_the_response(task):
    response, ran = task

    def start_response(status, headers):
        raise LookupError

    with pytest.raises(LookupError):
        response(environ(), start_response)
    assert (response.path.closed, ran) == (True, [1])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda body: PlainTextResponse("b"), id="ours"),
        pytest.param(lambda body: WerkzeugResponse("b"), id="werkzeug's"),
        pytest.param(lambda body: WerkzeugResponse(iter(body)), id="one that takes the body over"),
    ],
)
def test_the_response_is_closed_with_the_one_that_replaces_it(task, other):
    response, ran = task
    instead = other(response.response)
    response.end_with(instead)
    response.drop()
    answer = start(instead)
    assert b"".join(answer.iterable) in (b"b", b"0123456789")
    assert ran == []
    answer.close()
    assert (response.path.closed, ran) == (True, [1])


def test_the_response_is_closed_at_once_if_the_other_passes_its_body_through(task):
    response, ran = task
    response.end_with(WerkzeugResponse([b"b"], direct_passthrough=True))
    assert (response.path.closed, ran) == (True, [1])


def test_a_body_that_the_other_response_passes_through_is_closed_by_the_server(task):
    response, ran = task
    instead = WerkzeugResponse(response.response, direct_passthrough=True)
    response.end_with(instead)
    assert ran == []
    call(instead)
    assert (response.path.closed, ran) == (True, [1])


def test_a_response_that_was_called_is_not_closed_with_another(task):
    response, ran = task
    answer = start(response)
    response.end_with(PlainTextResponse("b"))
    answer.close()
    assert ran == [1]


def test_delete_after_deletes_the_file(path):
    call(prepared(FileResponse(path, delete_after=True)))
    assert not path.exists()


def test_preparing_a_missing_file_raises_file_not_found_error(path):
    response = FileResponse(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        prepared(response)


def files_open_in(folder):
    """Return the paths below *folder* that this process has open; that of a deleted file has a suffix."""
    paths = []
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [path for path in paths if path.startswith(f"{folder}/")]


def test_a_prepared_file_response_keeps_its_file_open_until_it_is_dropped(path):
    response = prepared(FileResponse(path))
    before = files_open_in(path.parent)
    response.drop()
    assert (before, files_open_in(path.parent)) == ([str(path)], [])


def delete(response, path):
    path.unlink()


def announce_another_length(response, path):
    response.headers["Content-Length"] = "1"


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(delete, FileNotFoundError, id="the file is missing"),
        pytest.param(announce_another_length, ValueError, id="the length is wrong"),
    ],
)
def test_a_file_response_that_cannot_be_prepared_leaves_no_descriptor_open(path, spoil, error):
    response = FileResponse(path)
    spoil(response, path)
    with pytest.raises(error) as raised:
        prepared(response)
    # The traceback keeps what the frames hold, so a file that is only forgotten would still be open.
    assert (raised.tb is not None, files_open_in(path.parent)) == (True, [])


def test_a_prepared_response_is_an_instance_of_prepared_response(path):
    response = prepared(FileResponse(path))
    response.drop()
    assert isinstance(response, PreparedResponse)
