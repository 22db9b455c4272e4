"""Thread-local state of a request (language, time zone, URLconf), set again where its streams and tasks run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import tzinfo

from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.db import connections
from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

from wsgiresp._runtime.around import nested
from wsgiresp._runtime.asyncio_thread import running_loop
from wsgiresp._runtime.close_order import log_failure
from wsgiresp._runtime.greenlet_coroutine import may_block
from wsgiresp._types import Around
from wsgiresp.adapters._django.asgi_requests import ThreadAbove, thread_above
from wsgiresp.adapters._django.request_body import reads_of_body
from wsgiresp.adapters._django.settings import around
from wsgiresp.adapters._django.thread_sensitive import thread_sensitive_calls
from wsgiresp.background import BackgroundTask, bound
from wsgiresp.responses import Response, StreamingResponse
from wsgiresp.responses.class_around import around_of


class ThreadLocals:
    """Language, time zone, URLconf and script prefix of this thread: called, a context manager that has them again.

    Django keeps them, and its database connections, for each thread or greenlet, and looks after those of the request
    alone.
    """

    def __init__(self, above: ThreadAbove | None = None) -> None:
        self._above = above
        self._thread = threading.get_ident()
        self._language = translation.get_language()
        self._time_zone = timezone.get_current_timezone()
        self._urlconf = get_urlconf()
        self._script_prefix = get_script_prefix()

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            # Left last: what is entered inside of this may query the database, too.
            if running_loop() is not None:
                stack.enter_context(thread_sensitive_calls(self._close_connections, self._above))
            else:
                stack.callback(self._close_connections)
            set_urlconf(self._urlconf)
            set_script_prefix(self._script_prefix)
            # The copies of a context share what older versions of asgiref set in them.
            stack.callback(_set, translation.get_language(), timezone.get_current_timezone())
            _set(self._language, self._time_zone)
            yield

    def _close_connections(self) -> None:
        # In the thread of the request Django does it, once the response is closed, as CONN_MAX_AGE says.
        if threading.get_ident() != self._thread:
            connections.close_all()


def _set(language: str | None, time_zone: tzinfo) -> None:
    # Where nothing is active both tell of the settings, and to activate a language reads its catalogues.
    if translation.get_language() != language:
        if language is None:
            translation.deactivate_all()
        else:
            translation.activate(language)
    if timezone.get_current_timezone() is not time_zone:
        timezone.activate(time_zone)


def bind(request: HttpRequest, response: Response) -> None:
    """Have what *response* streams, and each of its tasks, run in the surroundings of *request*.

    Inside of those come ``AROUND`` of the settings, and then ``around`` of a streaming response.
    """
    of_settings = around()
    own: Around | None = None
    if isinstance(response, StreamingResponse):
        own = around_of(response)
        # To ask costs a third of all that is asked there.
        above = thread_above() if isinstance(request, ASGIRequest) else None
        response._adapter_around = nested(ThreadLocals(above), of_settings, own)
    background = response.background
    if background is not None:
        may_block.set(reads_of_body(request))  # in this context: the tasks run in a copy of it

        def report(task: BackgroundTask, error: BaseException) -> None:
            log_failure(task)
            if isinstance(error, Exception):
                got_request_exception.send(sender=None, request=request)

        surroundings = ThreadLocals()
        response.background = bound(background, nested(surroundings, of_settings, own) or surroundings, report)
