"""A Flask application without any adapter, whose views return our responses: see ``test_stock_flask.py``."""

from __future__ import annotations

import logging
from typing import Any

import flask

from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
    UJSONResponse,
)

log = logging.getLogger("stock_flask")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

app = flask.Flask(__name__)
app.secret_key = "for these tests alone"

CLASSES: dict[str, Any] = {
    "response": lambda: Response("<a/>", media_type="application/xml"),
    "bytes": lambda: Response(b"\x00\xff"),
    "empty": lambda: Response(),
    "text": lambda: PlainTextResponse("Grüße"),
    "html": lambda: HTMLResponse("<p>ü</p>"),
    "json": lambda: JSONResponse({"a": 1}),
    "orjson": lambda: ORJSONResponse({"a": 1}),
    "ujson": lambda: UJSONResponse({"a": 1}),
    "redirect": lambda: RedirectResponse("/text"),
    "no-content": lambda: Response(status_code=204),
    "not-modified": lambda: Response(status_code=304, headers={"ETag": '"1"'}),
}


STREAMS: dict[str, Any] = {
    "chunks": lambda: StreamingResponse(iter(["Grü", b"\xc3\x9fe"]), media_type="text/plain"),
    "lines": lambda: JSONLinesResponse([{"a": 1}, 2]),
    "events": lambda: EventSourceResponse(["a", {"data": 1}]),
}
CLASSES |= STREAMS


@app.get("/class/<name>")
def returned(name: str) -> Any:
    return CLASSES[name]()


@app.get("/tuple-3")
def with_status_and_headers() -> Any:
    return JSONResponse({"a": 1}, headers={"X-Own": "1"}), 202, {"X-Tuple": "2"}


@app.get("/tuple-2")
def with_headers() -> Any:
    return JSONResponse({"a": 1}, 201), {"X-Tuple": ["1", "2"]}


@app.get("/status")
def with_status() -> Any:
    return PlainTextResponse("a"), "404 Gone Fishing"


@app.get("/abort")
def aborted() -> Any:
    flask.abort(JSONResponse({"detail": "no"}, 409))


@app.get("/abort-task/<word>")
def aborted_with_a_task(word: str) -> Any:
    flask.abort(JSONResponse({}, 409, background=BackgroundTask(log.info, "done %s", word)))


@app.get("/made")
def made() -> Any:
    response = flask.make_response(PlainTextResponse("made"), 203)
    response.headers["X-Made"] = type(response).__name__
    return response


@app.get("/session")
def session() -> Any:
    flask.session["visits"] = flask.session.get("visits", 0) + 1
    return JSONResponse({"visits": flask.session["visits"]})


@app.get("/jsonify")
def jsonified() -> Any:
    return flask.jsonify(a=1)


@app.get("/flask-redirect")
def redirected() -> Any:
    return flask.redirect("/text", 303, Response=Response)


@app.get("/task/<word>")
def task(word: str) -> Any:
    return JSONResponse({"word": word}, background=BackgroundTask(log.info, "done %s", word))


@app.get("/error")
def error() -> Any:
    raise LookupError("an error in a view")


@app.errorhandler(LookupError)
def on_error(error: LookupError) -> Any:
    return JSONResponse({"detail": str(error)}, 500)


@app.after_request
def tell_the_hooks_view(response: Any) -> Any:
    response.headers["X-Flask"] = str(isinstance(response, flask.Response))
    response.headers["X-Class"] = next(kind.__name__ for kind in type(response).__mro__ if kind in KNOWN)
    response.set_cookie("hook", "1")
    return response


KNOWN = {
    Response,
    PlainTextResponse,
    HTMLResponse,
    JSONResponse,
    ORJSONResponse,
    UJSONResponse,
    RedirectResponse,
    StreamingResponse,
    JSONLinesResponse,
    EventSourceResponse,
    flask.Response,
}
