"""Requests to instrumented applications, each in a greenlet of a hub or in a thread, and what was seen of each.

    python -m telemetry.scenarios sentry|opentelemetry

prints a JSON object: framework, runner and request to :class:`Outcome`. The tests of this folder read it.
"""

from __future__ import annotations

import contextvars
import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple
from wsgiref.util import FileWrapper

import gevent
from telemetry.tools import TOOLS
from telemetry.views import Views
from werkzeug.test import create_environ

from wsgiresp import worker_status
from wsgiresp._streams.open_streams import abort_streams

PATIENCE = 20


@dataclass
class Outcome:
    """What one request came to."""

    trace: str
    """The id of the trace that the request names."""
    seen: dict[str, str] = field(default_factory=dict)
    """The id of the trace that was current, by place; "after" is behind ``close()``, in the context of the server."""
    status: str = ""
    body: str = ""
    error: str = ""
    """The error that the server got from the body, or from the call."""
    is_wrapped: bool = False
    """Whether the server got its own file wrapper."""
    reported: list[str] = field(default_factory=list)
    """The errors that the tool reported: type, and the message of the log where it was logged."""
    spans: list[str] = field(default_factory=list)
    """The ids of the traces of the transactions or server spans that ended."""
    source_spans: list[str] = field(default_factory=list)
    """The ids of the traces of the spans of OpenTelemetry that a source has begun and that ended."""
    span_ended_after_last_byte: bool = False
    logged: list[str] = field(default_factory=list)
    """Lines of the tool's own loggers, warnings and above."""
    streams: int = 0
    """Streams that are open once the request is over."""


class Wrapper(FileWrapper):
    """The file wrapper of the server."""


class ToolLog(logging.Handler):
    """Keeps the warnings and errors of the loggers of the tools."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("opentelemetry", "sentry")):
            self.lines.append(f"{record.name}: {record.getMessage()}")


class Request(NamedTuple):
    """What a client asks for, and how its stream ends early."""

    fields: Mapping[str, str] = {}
    is_read: bool = True
    """Whether the server reads the body, which it does not where the client has left before."""
    leaves: bool = False
    """Whether the client leaves after the first chunk."""
    is_aborted: bool = False
    """Whether the stream is aborted after the first chunk, as at the end of the grace of a worker that stops."""


def exchange(app: Any, name: str, request: Request, fields: Mapping[str, str], outcome: Outcome) -> float:
    """Serve one request as a server does; return the time of the last byte."""
    environ = create_environ(f"/{name}", headers={**request.fields, **fields})
    environ["wsgi.file_wrapper"] = Wrapper
    received: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        outcome.status = status
        return received.append

    last = 0.0
    body: Any = ()
    try:
        body = app(environ, start_response)
        outcome.is_wrapped = isinstance(body, Wrapper)
        for chunk in body if request.is_read else ():
            received.append(chunk)
            last = time.time()
            if request.leaves:
                break
            if request.is_aborted:
                abort_streams(0)
    except Exception as error:
        outcome.error = type(error).__name__
    finally:
        if hasattr(body, "close"):
            body.close()
    outcome.body = b"".join(received).decode("latin-1")
    return last


def under_hub(function: Callable[[], object]) -> None:
    """Run *function* in a greenlet of the hub, as gunicorn's gevent worker does, until its tasks are done."""
    greenlet = gevent.spawn(function)
    greenlet.gr_context = contextvars.Context()
    greenlet.get(timeout=PATIENCE)


def in_thread(function: Callable[[], object]) -> None:
    """Run *function* in a thread, as gunicorn's gthread worker does."""
    thread = threading.Thread(target=contextvars.Context().run, args=(function,), daemon=True)
    thread.start()
    thread.join(PATIENCE)


def observed(tool: Any, app: Any, views: Views, runner: Any, name: str) -> Outcome:
    """Return the outcome of the request of this *name*."""
    trace = secrets.token_hex(16)
    outcome = Outcome(trace)
    log = ToolLog()
    logging.getLogger().addHandler(log)
    views.seen = outcome.seen
    tool.forget()
    last = 0.0

    def serve() -> None:
        nonlocal last
        before = tool.current()
        last = exchange(app, name, REQUESTS[name], tool.fields(trace), outcome)
        outcome.seen["after"] = "unchanged" if tool.current() == before else tool.current()

    runner(serve)
    with gevent.Timeout(PATIENCE):
        while worker_status().tasks_running:
            gevent.sleep(0.001)
    logging.getLogger().removeHandler(log)
    outcome.logged = log.lines
    outcome.streams = worker_status().streams
    tool.report(outcome, last)
    return outcome


REQUESTS = {
    "text": Request(),
    "text-async": Request(),
    "failing-task": Request(),
    "failing-task-async": Request(),
    "unread": Request(is_read=False),
    "file": Request({"Range": "bytes=10-19"}),
    "events": Request(),
    "events-async": Request(),
    "lines": Request(),
    "lines-async": Request(),
    "failing-lines": Request(),
    "failing-lines-async": Request(),
    "failing-first": Request(),
    "endless": Request(leaves=True),
    "endless-async": Request(leaves=True),
    "endless-lines": Request(is_aborted=True),
    "endless-lines-async": Request(is_aborted=True),
}


def main(tool_name: str) -> None:
    """Print what the tool of this *name* saw."""
    tool = TOOLS[tool_name]()
    views = Views(tool.current, tool.span)
    apps = tool.apps(views)
    found = {}
    for framework, app in apps.items():
        for runner in (under_hub, in_thread):
            for name in REQUESTS:
                outcome = observed(tool, app, views, runner, name)
                found[f"{framework} {runner.__name__} {name}"] = asdict(outcome)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
