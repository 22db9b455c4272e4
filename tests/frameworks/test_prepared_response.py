"""A settled response: decided before it is called, open to hooks, and closed whatever they do."""

from __future__ import annotations

import threading

import pytest
from responses.wsgi_calls import call, environ, start
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._frameworks.prepared_response import PreparedResponse, needs_preparation, prepare_for_hooks
from wsgiresp.responses import BackgroundTask, FileResponse, JSONResponse, PlainTextResponse, Response


class Wrapper:
    """A server's own file wrapper, which the server knows by its type."""

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


def settled(response, method="GET", **more):
    return prepare_for_hooks(response, environ(method, **more), lambda twin: None)


@pytest.mark.parametrize("response", [Response(b"a"), JSONResponse({}), PlainTextResponse(status_code=204)], ids=repr)
def test_a_known_body_decides_nothing(response):
    assert not needs_preparation(response)


def test_a_file_decides(path):
    assert needs_preparation(FileResponse(path))


def test_an_iterator_can_be_sent_once():
    assert needs_preparation(Response(response=iter([b"a"])))


def test_a_list_of_chunks_decides_nothing():
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
def test_status_and_fields_are_there_before_the_call(path, method, fields, status, body):
    if method == "HEAD" and "HTTP_RANGE" in fields:
        status, body = 200, b"0123456789"
    response = settled(FileResponse(path), method, **fields)
    directly = call(FileResponse(path), method, **fields)
    assert response.status_code == status
    answer = call(response, method)
    assert (answer.status, sorted(answer.headers)) == (directly.status, sorted(directly.headers))
    assert answer.body == (body if method == "GET" else b"")


def test_it_keeps_its_class(path):
    response = settled(FileResponse(path))
    assert isinstance(response, FileResponse)
    assert type(response).__name__ == "FileResponse"


def test_two_of_one_class_are_of_one_class(path):
    assert type(settled(FileResponse(path))) is type(settled(FileResponse(path)))


def test_threads_get_one_class(path):
    class Own(FileResponse):
        pass

    kinds = []
    barrier = threading.Barrier(8)

    def make():
        response = Own(path)
        barrier.wait(10)
        one = settled(response)
        kinds.append(type(one))
        one.drop()

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(kinds) == 8
    assert len(set(kinds)) == 1


def test_the_original_can_be_used_again(path):
    constant = FileResponse(path)
    assert [call(settled(constant)).body for _ in range(2)] == [b"0123456789"] * 2


def test_a_change_is_made_in_the_copy(path):
    constant = FileResponse(path)

    def change(twin):
        twin.status_code = 404

    assert call(prepare_for_hooks(constant, environ(HTTP_RANGE="bytes=0-1"), change)).status == "404 Not Found"
    assert constant.status_code == 200


def test_what_can_be_sent_once_was_sent(path):
    once = FileResponse(path.open("rb"))
    settled(once).drop()
    with pytest.raises(RuntimeError, match="once"):
        settled(once)


def test_an_iterator_was_sent():
    once = Response(response=iter([b"a", b"b"]))
    assert call(settled(once)).body == b"ab"
    with pytest.raises(RuntimeError, match="iterator"):
        settled(once)


def test_it_answers_once(path):
    response = settled(FileResponse(path))
    call(response)
    with pytest.raises(RuntimeError, match="one request"):
        call(response)


def test_the_servers_file_wrapper_is_handed_over(path):
    response = settled(FileResponse(path), **{"wsgi.file_wrapper": Wrapper})
    answer = start(response)
    answer.close()
    assert type(answer.iterable) is Wrapper


def test_hooks_change_status_and_fields(path):
    response = settled(FileResponse(path))
    response.headers["X-Hook"] = "1"
    response.set_cookie("a", "1")
    response.status_code = 203
    answer = call(response)
    assert (answer.status[:3], answer.values("X-Hook"), answer.body) == ("203", ["1"], b"0123456789")
    assert len(answer.values("Set-Cookie")) == 1


def test_hooks_put_another_body_in_its_place(path):
    ran = []
    response = settled(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.direct_passthrough = False
    response.set_data(b"another")
    answer = call(response)
    assert (answer.body, answer.values("Content-Length"), ran) == (b"another", ["7"], [1])


def test_hooks_put_another_stream_in_its_place():
    ran = []
    response = settled(Response(response=iter([b"a"]), background=BackgroundTask(ran.append, 1)))
    response.response = iter([b"x", b"y"])
    assert (call(response).body, ran) == (b"xy", [1])


def test_hooks_read_the_body(path):
    ran = []
    response = settled(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.direct_passthrough = False
    assert response.get_data() == b"0123456789"
    assert (call(response).body, ran) == (b"0123456789", [1])


def test_hooks_take_the_body_away(path):
    ran = []
    response = settled(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.status_code = 204
    answer = call(response)
    assert (answer.body, answer.values("Content-Length"), ran) == (b"", [], [1])


def test_callbacks_and_tasks_of_hooks_are_run_after_the_tasks(path):
    ran = []
    response = settled(FileResponse(path, background=BackgroundTask(ran.append, 1)))
    response.call_on_close(lambda: ran.append(2))
    response.background = BackgroundTask(ran.append, 3)
    assert (call(response).body, ran) == (b"0123456789", [1, 2, 3])


@pytest.fixture
def task(path):
    """A settled file whose task tells that it was run, and the list that it tells it."""
    ran = []
    return settled(FileResponse(path.open("rb"), background=BackgroundTask(ran.append, 1))), ran


def test_what_is_dropped_is_closed_and_its_tasks_are_run(task):
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


def test_a_start_that_fails_closes_it(task):
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
def test_it_ends_with_the_one_that_goes_out_instead(task, other):
    response, ran = task
    instead = other(response.response)
    response.end_with(instead)
    response.drop()
    answer = start(instead)
    assert b"".join(answer.iterable) in (b"b", b"0123456789")
    assert ran == []
    answer.close()
    assert (response.path.closed, ran) == (True, [1])


def test_it_ends_at_once_where_another_body_is_passed_through(task):
    response, ran = task
    response.end_with(WerkzeugResponse([b"b"], direct_passthrough=True))
    assert (response.path.closed, ran) == (True, [1])


def test_a_body_that_is_passed_through_by_another_is_closed_by_the_server(task):
    response, ran = task
    instead = WerkzeugResponse(response.response, direct_passthrough=True)
    response.end_with(instead)
    assert ran == []
    call(instead)
    assert (response.path.closed, ran) == (True, [1])


def test_what_was_called_does_not_end_with_another(task):
    response, ran = task
    answer = start(response)
    response.end_with(PlainTextResponse("b"))
    answer.close()
    assert ran == [1]


def test_a_file_that_is_deleted_after_it_is_gone(path):
    call(settled(FileResponse(path, delete_after=True)))
    assert not path.exists()


def test_what_cannot_be_prepared_leaves_nothing_open(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a")
    response = FileResponse(tmp_path / "a.txt")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(FileNotFoundError):
        settled(response)


def test_it_is_a_response_of_its_own_kind(path):
    response = settled(FileResponse(path))
    response.drop()
    assert isinstance(response, PreparedResponse)
