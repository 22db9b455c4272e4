"""Applications with the extension, and what a test asks of them."""

from __future__ import annotations

from typing import Any

import flask

from wsgiresp.adapters.flask import Responses


def application(default_response_class: Any = None, **config: Any) -> flask.Flask:
    """Return a new application that has the extension."""
    app = flask.Flask("tested", static_folder=None)
    app.secret_key = "for these tests alone"
    app.config.update(config)
    Responses(app, default_response_class=default_response_class)
    return app


def with_word() -> flask.Flask:
    """Return one that puts a ``word`` into ``flask.g`` before each request."""
    app = application()
    app.before_request(lambda: setattr(flask.g, "word", "g"))
    return app


def seen_by_hooks(app: flask.Flask) -> list[tuple[int, type]]:
    """Return the list that gets status and type of each response that the hooks of *app* see."""
    seen: list[tuple[int, type]] = []

    @app.after_request
    def look(response: flask.Response) -> flask.Response:
        seen.append((response.status_code, type(response)))
        return response

    return seen


def returning(app: flask.Flask, returned: Any, rule: str = "/") -> Any:
    """Add a view that returns what *returned* does, and return a client."""
    app.add_url_rule(rule, rule, returned)
    return app.test_client()
