"""Scenarios of known bodies with background tasks."""

from __future__ import annotations

from typing import Any

from faults.parts import Record
from faults.scenarios import add

from wsgiresp.background import BackgroundTask, BackgroundTasks
from wsgiresp.responses import PlainTextResponse

TEXT = "a known body"


def add_all() -> None:
    """Add the scenarios."""
    for kind, is_async in (("sync", False), ("async", True)):
        add(f"task, {kind}", _response(is_async), TEXT.encode())
        add(f"task, {kind}, retries", _response(is_async, failures=1, retries=2), TEXT.encode())
        add(f"task, {kind}, timeout", _response(is_async, timeout=5), TEXT.encode())
    add("tasks, a list", _list, TEXT.encode())
    add("task, HEAD", _response(False), b"", REQUEST_METHOD="HEAD")


def _response(is_async: bool, failures: int = 0, **options: Any) -> Any:
    def respond(record: Record) -> Any:
        task = BackgroundTask(record.task(is_async=is_async, failures=failures))
        response = PlainTextResponse(TEXT, background=task.with_options(**options) if options else task)
        response.call_on_close(record.step())
        return response

    return respond


def _list(record: Record) -> Any:
    tasks = BackgroundTasks()
    for is_async in (False, True, False):
        tasks.add_task(record.task(is_async=is_async))
    return PlainTextResponse(TEXT, background=tasks)
