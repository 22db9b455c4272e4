"""A plugin for Flask's own tests: the extension on every application, and views that return our responses.

``pytest -p peers.substitution -p peers.flask_suite --responses adapter --outcomes FILE``
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import flask
import pytest
from _pytest import monkeypatch

from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import Response

# Flask's conftest.py asks for it by the name that it had before pytest 9.
if not hasattr(monkeypatch, "notset"):
    monkeypatch.notset = monkeypatch.NOTSET  # type: ignore[attr-defined]


_made = {"applications": 0, "responses": 0}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--responses",
        choices=("adapter", "turned"),
        help="install the extension on every application; or that, with every plain return turned into a response",
    )


def pytest_configure(config: pytest.Config) -> None:
    how = config.getoption("--responses")
    if how:
        after(flask.Flask, "__init__", install if how == "adapter" else install_turning)
        after(Response, "__init__", count)


def pytest_sessionfinish(session: pytest.Session) -> None:
    how = session.config.getoption("--responses")
    if (how and not _made["applications"]) or (how == "turned" and not _made["responses"]):
        raise RuntimeError(f"the extension was not in use: {_made}")


def after(kind: type[Any], name: str, then: Callable[[Any], object]) -> None:
    """Have *then* called with each object of *kind* after its method *name*."""
    method = getattr(kind, name)

    def both(self: Any, *args: Any, **kwargs: Any) -> None:
        method(self, *args, **kwargs)
        then(self)

    setattr(kind, name, both)


def count(response: Response) -> None:
    _made["responses"] += 1


def install(app: flask.Flask) -> None:
    Responses(app)
    _made["applications"] += 1


def install_turning(app: flask.Flask) -> None:
    install(app)
    make_response: Any = app.make_response
    known = weakref.ref(app)

    def turn_and_make(returned: Any) -> Any:
        if isinstance(returned, tuple) and returned:
            return make_response((turned(known(), returned[0]), *returned[1:]))
        return make_response(turned(known(), returned))

    app.make_response = turn_and_make  # type: ignore[method-assign]


def turned(app: Any, content: Any) -> Any:
    """Return what a view returned as a response of ours that says the same, where it is of a plain kind."""
    if isinstance(content, (str, bytes, bytearray)):
        return Response(content, media_type=app.response_class.default_mimetype)
    if isinstance(content, (dict, list)):
        content = app.json.response(content)
    if type(content) is flask.Response and content.is_sequence and not content._on_close:
        return Response(content.get_data(), headers=list(content.headers), status=content.status)
    return content
