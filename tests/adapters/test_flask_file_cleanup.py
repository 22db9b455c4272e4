"""A file that was opened for an answer and does not go out is closed, and its tasks are run."""

from __future__ import annotations

import flask
import pytest
from flask_apps import application, returning

from wsgiresp.responses import BackgroundTask, FileResponse, JSONResponse, PlainTextResponse


@pytest.fixture
def app():
    return application()


class Probe:
    """A file that tells whether it is closed, and whether its task was run."""

    def __init__(self, path):
        self.handle = path.open("rb")
        self.ran = []

    def response(self):
        return FileResponse(self.handle, background=BackgroundTask(self.ran.append, 1))

    @property
    def ended(self):
        return self.handle.closed, self.ran


@pytest.fixture
def probe(path):
    found = Probe(path)
    yield found
    found.handle.close()


def test_a_file_that_is_sent_is_closed_and_its_tasks_are_run_once(app, probe):
    with returning(app, probe.response).get("/") as answer:
        assert answer.data == b"0123456789"
    assert probe.ended == (True, [1])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda response: PlainTextResponse("other"), id="ours"),
        pytest.param(lambda response: flask.Response("other"), id="Flask's"),
        pytest.param(lambda response: flask.send_file(__file__), id="a file of Flask's"),
        pytest.param(lambda response: FileResponse(__file__), id="a file of ours"),
    ],
)
def test_a_file_that_a_hook_replaces_is_closed(app, probe, other):
    app.after_request(other)
    with returning(app, probe.response).get("/") as answer:
        assert answer.data != b"0123456789"
    assert probe.ended == (True, [1])


def test_a_body_that_a_hook_takes_over_is_sent(app, probe):
    app.after_request(lambda response: flask.Response(response.response, mimetype="text/plain"))
    with returning(app, probe.response).get("/") as answer:
        assert answer.data == b"0123456789"
    assert probe.ended == (True, [1])


@pytest.mark.parametrize("propagate", [False, True], ids=["answered with a 500", "raised"])
def test_a_file_is_closed_if_a_hook_fails(app, probe, propagate):
    app.config["PROPAGATE_EXCEPTIONS"] = propagate

    @app.after_request
    def fail(response):
        if response.status_code == 200:
            raise LookupError
        return response

    client = returning(app, probe.response)
    if propagate:
        with pytest.raises(LookupError):
            client.get("/")
    else:
        assert client.get("/").status_code == 500
    assert probe.ended == (True, [1])


def test_a_known_body_has_nothing_to_close(app):
    @app.after_request
    def fail(response):
        raise LookupError

    app.testing = True
    with pytest.raises(LookupError):
        returning(app, lambda: JSONResponse({})).get("/")


def test_files_of_responses_that_are_not_returned_are_closed(app, path):
    probes = [Probe(path), Probe(path)]

    def view():
        for probe in probes:
            flask.make_response(probe.response())
        return "other"

    assert returning(app, view).get("/").text == "other"
    assert [probe.ended for probe in probes] == [(True, [1]), (True, [1])]


def test_a_file_is_closed_if_the_view_fails_after_it(app, probe):
    def view():
        flask.make_response(probe.response())
        raise LookupError

    assert returning(app, view).get("/").status_code == 500
    assert probe.ended == (True, [1])


def test_a_file_is_closed_when_a_context_without_a_served_request_ends(app, probe):
    returning(app, probe.response)
    with app.test_request_context("/") as context:
        # Flask 3.2 hands the context down.
        response = app.full_dispatch_request(*[context] if hasattr(context, "has_request") else [])
        assert (response.status_code, probe.ended) == (200, (False, []))
    assert probe.ended == (True, [1])


def test_uploads_are_closed_as_before(app, path):
    uploads = []

    def view():
        uploads.append(flask.request.files["file"])
        return FileResponse(path)

    app.add_url_rule("/", view_func=view, methods=["POST"])
    with path.open("rb") as handle, app.test_client().post("/", data={"file": handle}):
        assert uploads[0].stream.closed
