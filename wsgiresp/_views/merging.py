"""Merging of an injected response into the response of the view: status, headers, cookies, tasks."""

from __future__ import annotations

from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._types import Background
from wsgiresp.responses import BackgroundTask, BackgroundTasks, Response, StreamingResponse

from .coercion import ITERATORS
from .injection import Injected, InjectedResponse

# Beside those of the answer, not in their place: each cookie is a field of its own, and what a cache must look at is
# what either of them says.
_ADDED = frozenset({"set-cookie", "vary"})
# What is true of the body alone.
_LEFT_OUT = frozenset({"content-length"})


def is_used(injected: Injected) -> bool:
    """Return whether the view has set anything on what it was given."""
    given, tasks = injected.response, injected.tasks
    return (given is not None and _is_changed(given)) or (tasks is not None and bool(tasks.tasks))


def is_made_later(content: object) -> bool:
    """Return whether *content* is made while it is sent, so that what makes it may still add tasks."""
    if isinstance(content, WerkzeugResponse):
        # A stream is not asked for its sequence: that makes a circle, which is freed late.
        is_known = not isinstance(content, StreamingResponse) and content.is_sequence
        return not (is_known or content.direct_passthrough)
    return isinstance(content, ITERATORS)


def merged(response: WerkzeugResponse, injected: Injected) -> WerkzeugResponse:
    """Return *response* with the status, the fields and the tasks of *injected*; one of ours is copied for that.

    Fields replace those of their name, cookies and ``Vary`` are added, tasks come after those that it has. Those
    that a stream adds while it is sent are run too.
    """
    given, tasks = injected.response, injected.tasks
    if response is given:
        response = _as_answer(given)
    elif given is not None and _is_changed(given):
        response = _merged_with(response, given)
    if tasks is not None and (tasks.tasks or is_made_later(response)):
        response = _with_tasks(response, tasks)
    return response


def additions(injected: Injected) -> Response:
    """Return a response that has what the view set, and nothing else: for those who add it to one of another kind.

    Its :attr:`chosen_status` is None where the view set none, its ``background`` has all tasks, its ``close()`` runs
    what is to run on close.
    """
    found = InjectedResponse() if injected.response is None else injected.response.__copy__()
    del found.headers["Content-Length"]
    tasks = injected.tasks
    return _with_tasks(found, tasks) if tasks is not None and tasks.tasks else found


def _is_changed(given: InjectedResponse) -> bool:
    return bool(given.chosen_status or given.headers or given.background or given._on_close)


def _as_answer(given: InjectedResponse) -> Response:
    """Return the answer of a view that returns what it was given."""
    answer = given.__copy__()
    if "Content-Type" not in answer.headers:
        answer.headers["Content-Type"] = "application/octet-stream" if answer.body else "text/plain; charset=utf-8"
    return answer


def _merged_with(response: WerkzeugResponse, given: InjectedResponse) -> WerkzeugResponse:
    if isinstance(response, Response):
        response = response.__copy__()
    if given.chosen_status is not None:
        response.status = given.chosen_status
    for name in {name.lower(): name for name, _ in given.headers if name.lower() not in _LEFT_OUT}.values():
        values = given.headers.getlist(name)
        if name.lower() in _ADDED:
            values = [*response.headers.getlist(name), *values]
        response.headers.setlist(name, values)
    for callback in given._on_close:
        response.call_on_close(callback)
    return response if given.background is None else _with_tasks(response, given.background)


def _with_tasks(response: WerkzeugResponse, tasks: Background) -> Response:
    # Werkzeug's own forgets what it was told to call on close where its body is passed through.
    ours = response.__copy__() if isinstance(response, Response) else Response.force_type(response)
    first = ours.background
    ours.background = tasks if first is None else BackgroundTasks([_task(first), _task(tasks)])
    return ours


def _task(background: Background) -> BackgroundTask:
    return background if isinstance(background, BackgroundTask) else BackgroundTask(background)
