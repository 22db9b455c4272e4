"""Django's own tests with the middleware on every handler, and views that return our responses.

``python -m peers.django_suite HOW FILE LABEL...`` in the folder ``tests`` of Django's source distribution. HOW:
"without" us, with the "adapter", or with that and every response of a view "turned" into one of ours first. FILE gets a
JSON object: the id of a test to what came of it.
"""

from __future__ import annotations

import functools
import json
import runpy
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test.runner import DiscoverRunner

OURS = "wsgiresp.adapters.django.ResponseMiddleware"
_made = {"handlers": 0, "responses": 0}


def add_the_middleware() -> None:
    """Put the middleware at the end of the list of each handler, whatever settings a test has."""
    load_middleware = BaseHandler.load_middleware

    def load(self: BaseHandler, is_async: bool = False) -> None:
        listed = settings.MIDDLEWARE
        settings.MIDDLEWARE = [*listed, OURS]
        _made["handlers"] += 1
        try:
            load_middleware(self, is_async)
        finally:
            settings.MIDDLEWARE = listed

    BaseHandler.load_middleware = load


def turn_responses() -> None:
    """Turn what views return into our responses."""
    make_view_atomic = BaseHandler.make_view_atomic

    def make(self: BaseHandler, view: Callable[..., Any]) -> Callable[..., Any]:
        atomic = make_view_atomic(self, view)

        @functools.wraps(atomic)
        def call(*args: Any, **kwargs: Any) -> Any:
            return turned(atomic(*args, **kwargs))

        @functools.wraps(atomic)
        async def call_later(*args: Any, **kwargs: Any) -> Any:
            return turned(await atomic(*args, **kwargs))

        return call_later if iscoroutinefunction(atomic) else call

    BaseHandler.make_view_atomic = make


def turned(native: Any) -> Any:
    """Return one of ours that says the same as *native*, where that is of a plain kind."""
    from wsgiresp.responses import Response, StreamingResponse

    if not isinstance(native, (HttpResponse, StreamingHttpResponse)) or isinstance(native, FileResponse):
        return native
    if hasattr(native, "render"):
        return native  # one that is rendered later
    fields = [*native.items(), *(("Set-Cookie", cookie.OutputString()) for cookie in native.cookies.values())]
    if isinstance(native, HttpResponse):
        ours: Any = Response(native.content, headers=fields, status=f"{native.status_code} {native.reason_phrase}")
    else:
        ours = StreamingResponse(native.streaming_content, native.status_code, fields)
    _made["responses"] += 1
    for name in vars(native).keys() - _OF_A_CONSTRUCTOR:
        setattr(ours, name, vars(native)[name])  # what decorators and views have put on it
    for closer in native._resource_closers:
        ours.call_on_close(closer)
    return ours


_OF_A_CONSTRUCTOR = {
    *(
        "_charset",
        "_container",
        "_handler_class",
        "_iterator",
        "_reason_phrase",
        "_resource_closers",
        "closed",
        "cookies",
    ),
    *("headers", "is_async", "status_code"),
}


def record(found: dict[str, str]) -> None:
    """Have the outcome of each test put into *found*."""
    resultclass = DiscoverRunner.get_resultclass

    def recording(self: DiscoverRunner) -> type[unittest.TextTestResult]:
        class Recording(resultclass(self) or unittest.TextTestResult):  # type: ignore[misc]
            def addSuccess(self, test: Any) -> None:  # noqa: N802 - names of the standard library's
                found.setdefault(test.id(), "passed")
                super().addSuccess(test)

            def addFailure(self, test: Any, error: Any) -> None:  # noqa: N802
                found[test.id()] = "failed"
                super().addFailure(test, error)

            def addError(self, test: Any, error: Any) -> None:  # noqa: N802
                found[test.id()] = "failed"
                super().addError(test, error)

            def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:  # noqa: N802
                if error is not None:
                    found[test.id()] = "failed"
                super().addSubTest(test, subtest, error)

        return Recording

    DiscoverRunner.get_resultclass = recording


def main() -> None:
    """Run the tests that the command line asks for."""
    how, file, *labels = sys.argv[1:]
    found: dict[str, str] = {}
    record(found)
    if how != "without":
        add_the_middleware()
    if how == "turned":
        turn_responses()
    sys.argv = ["runtests.py", "--parallel=1", "--noinput", "-v0", *labels]
    sys.path.insert(0, ".")
    try:
        runpy.run_path("runtests.py", run_name="__main__")
    except SystemExit:
        if (how != "without" and not _made["handlers"]) or (how == "turned" and not _made["responses"]):
            raise RuntimeError(f"the middleware was not in use: {_made}") from None
    finally:
        Path(file).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
