"""Adapter for Flask: an extension lets views return these responses, and prepares them for its hooks.

An extension: ``Responses(app)``, or ``Responses()`` and ``init_app(app)``.
"""

from __future__ import annotations

import contextvars
import functools
import weakref
from collections.abc import Callable
from typing import Any

import flask
from werkzeug.datastructures import Headers

from wsgiresp._frameworks.prepared_response import PreparedResponse, needs_preparation, prepare_for_hooks
from wsgiresp._protocol.json_types import unwrapped
from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.around import require_around
from wsgiresp._runtime.greenlet_coroutine import NEVER, may_block
from wsgiresp._runtime.request_input import reads_of
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.waiting_executor import current_executor
from wsgiresp._types import Around
from wsgiresp._views.coercion import ITERATORS, is_answer, is_record, register_default_class, takes
from wsgiresp._views.injection import Injected, Plan
from wsgiresp._views.merging import is_made_later, is_used, merged
from wsgiresp.adapters._flask.contexts import (
    CURRENT,
    bind_background,
    bind_stream,
    drop_in_the_end,
    request_context,
    take_over,
)
from wsgiresp.adapters._flask.view_plan import ViewPlan
from wsgiresp.exceptions import HTTPException
from wsgiresp.responses import JSONResponse, Response, StreamingResponse

__all__ = ["Blueprint", "Responses", "install"]

_NAME = "wsgiresp"
_ADOPTED = "_is_adopted"  # by an application: a copy that belongs to one request

# What views return most often, and Flask makes its own of.
_NATIVE = frozenset({str, bytes, dict, list, flask.Response})
_OURS = (Response, *ITERATORS)


class Responses:
    """The extension: it makes *app*, or several applications by :meth:`init_app`, take these responses for its own.

    *default_response_class*: what becomes of dicts, lists, models and dataclasses that views return, of text too where
    it is a class for text. None leaves them to Flask. The attribute of that name on a blueprint goes before.

    *around*: a callable that returns a context manager. That is entered where a streamed content is stepped, and around
    each attempt of each background task. It is inside of Flask's contexts, and outside of ``around`` of the response.
    Asynchronous content and tasks take an asynchronous context manager too.

    Raises ``TypeError`` for a class that is not one of ours, and for an *around* that is not callable.

    .. versionchanged:: 0.2
       *around* is new.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        *,
        default_response_class: type[Response] | None = None,
        around: Around | None = None,
    ) -> None:
        self.default_response_class = _checked(default_response_class)
        require_around("around", around)
        self.around = around
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Install the extension on *app*; if *app* has it, replace its default class and ``around`` by given ones."""
        installed = app.extensions.get(_NAME)
        if installed is None:
            app.extensions[_NAME] = _Installed(app, self.default_response_class, self.around)
            return
        if self.default_response_class is not None:
            installed.default = self.default_response_class
        if self.around is not None:
            installed.around = self.around


class Blueprint(flask.Blueprint):
    """A blueprint of Flask's with a *default_response_class* for its views; the other arguments are Flask's.

    That goes before the class of the application, and before that of a blueprint around it. Raises ``TypeError`` for
    what is no class of ours.
    """

    def __init__(self, *args: Any, default_response_class: type[Response] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default_response_class = _checked(default_response_class)


def install() -> None:
    """Have the default class of the application that runs count, in this process; importing this module does it.

    A second call has no effect. An application gets the extension by :class:`Responses`, not by this.

    .. versionadded:: 0.2
    """
    register_default_class(_default_of_the_application)


def _checked(response_class: type[Response] | None) -> type[Response] | None:
    if response_class is None or (isinstance(response_class, type) and issubclass(response_class, Response)):
        return response_class
    raise TypeError(f"default_response_class must be a class of wsgiresp.responses, got {response_class!r}")


class _Installed:
    """What stands in the place of four methods of one application, and calls them.

    It must not hold the application, which holds it: Flask promises that one that is let go is gone at once.
    """

    def __init__(self, app: flask.Flask, default: type[Response] | None, around: Around | None) -> None:
        self.default = default
        self.around = around
        self._app = weakref.ref(app)
        self._views: dict[str, ViewPlan] = {}
        self._make: Callable[..., flask.Response] = _method(app, "make_response")
        self._dispatch = _method(app, "dispatch_request")
        self._process = _method(app, "process_response")
        for name in ("make_response", "dispatch_request", "process_response"):
            setattr(app, name, getattr(self, name))
        if type(app).async_to_sync is flask.Flask.async_to_sync and "async_to_sync" not in vars(app):
            vars(app)["async_to_sync"] = _to_sync

    def dispatch_request(self, *args: Any) -> Any:
        """Call the view with what its annotations ask for, and make that part of what it returns."""
        app: Any = self._app()
        request = CURRENT.get().request
        rule = request.url_rule
        if rule is not None:
            view = app.view_functions.get(rule.endpoint)
            known = self._views.get(rule.endpoint)
            if known is None or known.view is not view:
                known = self._views[rule.endpoint] = ViewPlan(view)
            asked = known.plan or known.plan_for(request.method)
            if asked:
                return self._made_now(self._injected(app, request, asked, args))
        return self._made_now(self._dispatch(app, *args))

    def make_response(self, returned: Any) -> flask.Response:
        """Return the response for what a view, a hook or an error handler returned."""
        app: Any = self._app()
        kind = type(returned)
        if kind in _NATIVE and (kind is flask.Response or self.default_class() is None):
            return self._make(app, returned)
        returned = unwrapped(returned)
        content, status, headers = _parts(returned)
        response = self._response(app, unwrapped(content))
        if response is not None and not vars(response).get(_ADOPTED):
            returned = self._adopted(app, response, status, headers)
        return self._make(app, returned)

    def process_response(self, *args: Any) -> Any:
        """Return the response after all hooks; another one than before has the one before closed in the end."""
        app: Any = self._app()
        before = args[-1]
        if not isinstance(before, PreparedResponse):
            after = self._process(app, *args)
            return self._taken(app, after) if isinstance(after, Response) else after
        try:
            after = self._process(app, *args)
            if isinstance(after, Response):
                after = self._taken(app, after)
        except BaseException:
            before.drop()
            raise
        if after is not before:
            before.end_with(after)
        return after

    def default_class(self) -> type[Response] | None:
        """Return the default class of the innermost blueprint that has one, or that of the application."""
        context = request_context()
        rule = None if context is None else context.request.url_rule
        if rule is not None and "." in rule.endpoint:
            app: Any = self._app()
            for name in context.request.blueprints:
                found: type[Response] | None = getattr(app.blueprints.get(name), "default_response_class", None)
                if found is not None:
                    return found
        return self.default

    def _made_now(self, returned: Any) -> Any:
        """Return *returned* as it is, or as a response that is made now, so that its errors reach the error handlers.

        Errors of what Flask converts later (a file, the first chunk of a stream) do not reach them.
        """
        if type(returned) in _NATIVE:
            return returned
        content = returned[0] if type(returned) is tuple and returned else returned
        return self.make_response(returned) if isinstance(content, _OURS) else returned

    def _injected(self, app: Any, request: flask.Request, asked: Plan, args: tuple[Any, ...]) -> Any:
        arguments = request.view_args or {}
        injected = asked.injected((), arguments)
        request.view_args = {**arguments, **injected.arguments}
        try:
            returned = self._dispatch(app, *args)
        finally:
            request.view_args = arguments
        return self._merged(app, returned, injected)

    def _merged(self, app: Any, returned: Any, injected: Injected) -> Any:
        content, *rest = returned if type(returned) is tuple else (returned,)
        is_open = injected.tasks is not None and is_made_later(content)
        if not (is_open or is_used(injected) or content is injected.response):
            return returned
        response = self._response(app, content)
        if response is None:
            return merged(self.make_response(returned), injected)
        return (merged(response, injected), *rest) if rest else merged(response, injected)

    def _response(self, app: Any, content: Any) -> Response | None:
        """Return the response of ours that *content* is or becomes, None for what is left to Flask."""
        if isinstance(content, Response):
            return content
        if isinstance(content, HTTPException):
            response = content.get_response()
            return response if isinstance(response, Response) else None
        if is_answer(content) or content is None or callable(content):
            return None
        default = self.default_class()
        if default is not None and takes(default, content):
            return default(content)
        if isinstance(content, ITERATORS):
            # As text, which it would be for Flask.
            return StreamingResponse(content, media_type=app.response_class.default_mimetype)
        return JSONResponse(content) if is_record(content) else None

    def _taken(self, app: flask.Flask, response: Response) -> Response:
        """Return *response*, from a hook: copied if it does not belong to this request; new tasks get their context."""
        if not vars(response).get(_ADOPTED):
            return self._adopted(app, response, None, None)
        bind_background(app, response, self.around)
        return response

    def _adopted(self, app: flask.Flask, response: Response, status: Any, headers: Any) -> Response:
        """Return a copy of *response* for this request, of the application's class too, prepared where needed."""

        def change(twin: Response) -> None:
            bind_background(app, twin, self.around)
            bind_stream(app, twin, self.around)
            if status is not None:
                twin.status = status
            if headers:
                twin.headers.update(headers)

        context = request_context()
        if context is not None and needs_preparation(response):
            prepared = prepare_for_hooks(response, context.request.environ, change)
            drop_in_the_end(context, prepared)
            adopted: Response = prepared
        else:
            adopted = response.__copy__()
            change(adopted)
        vars(adopted)[_ADOPTED] = True
        adopted.__class__ = app.response_class
        return adopted


def _method(app: flask.Flask, name: str) -> Callable[..., Any]:
    """Return the method of *app*, to be called with the application before its arguments."""
    own = vars(app).get(name)
    if own is None:
        inherited: Callable[..., Any] = getattr(type(app), name)
        return inherited
    return lambda _, *args: own(*args)


def _parts(returned: Any) -> tuple[Any, Any, Any]:
    """Return content, status and headers of what a view returned, as Flask tells them apart."""
    if isinstance(returned, tuple):
        if len(returned) == 3:
            return returned
        if len(returned) == 2:
            content, second = returned
            return (
                (content, None, second) if isinstance(second, (Headers, dict, tuple, list)) else (content, second, None)
            )
        return None, None, None  # Flask says what is wrong with it
    return returned, None, None


def _to_sync(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, a coroutine function, as one that waits: on the loop that streams and tasks run on.

    Under gevent only the greenlet of the request waits, so any number of async views run at once. What *function* sets
    in context variables is set for the caller too, as by Flask's own way.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if asyncio_thread.running_loop() is not None:
            # To wait here for that loop, or as that loop, would be to wait forever.
            raise RuntimeError(f"{function!r} must be awaited here: an event loop runs in this thread")
        contexts: list[contextvars.Context] = []
        waiting = current_executor.get()
        here = request_context()
        reads = may_block.set(NEVER if here is None else reads_of(ServerProfile(here.request.environ)))

        async def run() -> Any:
            try:
                return await function(*args, **kwargs)
            finally:
                current_executor.set(waiting)  # nobody waits for this any more
                contexts.append(contextvars.copy_context())

        try:
            return asyncio_thread.run(run())
        finally:
            for context in contexts:  # none where this greenlet was killed meanwhile
                take_over(context)
            may_block.reset(reads)

    return call


def _default_of_the_application() -> type[Response] | None:
    installed = flask.current_app.extensions.get(_NAME) if flask.has_app_context() else None
    return None if installed is None else installed.default_class()


install()
