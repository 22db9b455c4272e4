"""Adapter for Django: a middleware lets views return these responses, and converts them to Django's own.

``MIDDLEWARE = [..., "wsgiresp.adapters.django.ResponseMiddleware"]``, as the last one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import AppConfig
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.functional import LazyObject, Promise

from wsgiresp._protocol.json_types import register_json_type
from wsgiresp._protocol.one_line import qualified_name
from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._views.coercion import register_default_class, register_response_type
from wsgiresp._views.injection import MARK, Injected
from wsgiresp.adapters._django import checks, response_patch
from wsgiresp.adapters._django.conversion import converted
from wsgiresp.adapters._django.response_patch import begin_request, rendered, show_unrendered
from wsgiresp.adapters._django.settings import default_of_the_view, defaults, namespaces
from wsgiresp.adapters._django.thread_locals import ThreadLocals
from wsgiresp.adapters._django.thread_sensitive import call
from wsgiresp.adapters._django.view_results import (
    beginning,
    converted_error,
    finished,
    finished_later,
    response_for,
    roll_back,
)
from wsgiresp.adapters._django.view_signature import View
from wsgiresp.exceptions import HTTPException
from wsgiresp.responses import Response

__all__ = ["ResponseMiddleware", "ResponseMixin", "ResponsesConfig", "django_view", "install", "to_django"]

_INJECTED = "_wsgiresp_injected"


class ResponsesConfig(AppConfig):
    """For ``INSTALLED_APPS``: ``manage.py check`` looks at the settings and at the place of the middleware then.

    Named there as ``"wsgiresp.adapters.django.ResponsesConfig"``; Django makes it, with *app_name* and *app_module*.
    """

    name = "wsgiresp.adapters.django"
    label = "wsgiresp"
    verbose_name = "wsgiresp"

    def ready(self) -> None:
        checks.register()


# The object was made when the encoder asked for its class.
_lazy_object = attrgetter("_wrapped")


def install() -> None:
    """Fill, for this process, the registries that Django's types and decorators need; importing this module does it.

    Views may return Django's own responses where :func:`wsgiresp.respond_with` makes ours of everything else; JSON has
    the text of ``gettext_lazy()`` and its like, in the language of the moment, as Django's own encoder has it, and the
    object that a ``SimpleLazyObject`` stands for; the default class of the settings counts; and ``Response`` gets the
    methods of ``HttpResponse`` that Django's decorators call before any middleware runs. A second call has no effect.

    .. versionadded:: 0.2
    """
    register_response_type(HttpResponseBase)
    register_json_type(Promise, str)
    register_json_type(LazyObject, _lazy_object)
    register_default_class(default_of_the_view)
    response_patch.install()


def to_django(request: Any, response: Response | HttpResponseBase) -> HttpResponseBase:
    """Return *response* as one of Django's own kinds, decided for *request*: conditions, ranges, HEAD, first chunk.

    For code that wants it at once: a middleware that answers by itself, a test with ``RequestFactory``, another
    framework's views on top of Django; *request* may be that of Django REST framework. One of Django's own is returned
    as it is. Raises what the response does, and ``TypeError`` for what is none.
    """
    if isinstance(response, HttpResponseBase):
        return response
    if not isinstance(response, Response):
        raise TypeError(f"response must be one of wsgiresp.responses or of Django's, got {response!r}")
    return converted(getattr(request, "_request", request), response)


class ResponseMiddleware:
    """Makes of what views return the responses that Django knows, and gives views what their annotations ask for.

    Named in ``MIDDLEWARE`` as ``"wsgiresp.adapters.django.ResponseMiddleware"``, as the last one; Django makes it, with
    *get_response*, sync or async. Raises ``ImproperlyConfigured`` for a setting that is wrong.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._views: WeakKeyDictionary[Any, View] = WeakKeyDictionary()
        # Where others have still to see the view, it is not called here: one of them may keep the request from it.
        self._is_last = checks.is_last(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
            # Django runs each method that is not asynchronous in a thread. A method that is replaced on the object has
            # another type, so mypy is told to accept it.
            self.process_view = self._process_view_later  # type: ignore[method-assign]
        checks.tell_at_start()

    def __call__(self, request: HttpRequest) -> Any:
        """Answer *request*; an awaitable where the next one gives one."""
        if self._is_async:
            return self._call_later(request)
        response = self.get_response(request)
        injected = vars(request).pop(_INJECTED, None)
        if injected is None and isinstance(response, HttpResponseBase):
            return response
        return finished(request, response, injected)

    async def _call_later(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        injected = vars(request).pop(_INJECTED, None)
        if injected is None and isinstance(response, HttpResponseBase):
            return response
        return await finished_later(request, response, injected)

    def process_view(self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Add to *kwargs* what *view* asks for; return None, or its answer where Django cannot call it as it is.

        *request*, *args* and *kwargs* are what Django calls it with. Before Python 3.12 Django takes a generator for a
        coroutine, and under gevent it runs one coroutine at a time.
        """
        begin_request()
        known = self._known(view)
        asked = known.plan(request.method)
        if asked and _INJECTED not in vars(request):  # by another one of these, before this
            injected = asked.injected(known.positional(request, args), kwargs)
            kwargs.update(injected.arguments)
            vars(request)[_INJECTED] = injected
        if defaults().of_namespaces and request.resolver_match is not None:
            namespaces.set(request.resolver_match.namespaces)
        if self._is_last:
            if known.is_generator(request.method):
                return _called(request, view, functools.partial(view, request, *args, **kwargs))
            if known.is_async and not self._is_async and is_under_hub() and not checks.is_atomic(view):
                return _called(request, view, functools.partial(call, view, ThreadLocals(), request, *args, **kwargs))
        return None

    async def _process_view_later(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        process = functools.partial(type(self).process_view, self, request, view, args, kwargs)
        # What decorates a generator function may query the database, which Django refuses to do on a loop.
        return await sync_to_async(process)() if self._known(view).is_generator(request.method) else process()

    def _known(self, view: Any) -> View:
        try:
            return self._views[view]
        except KeyError:
            known = self._views[view] = View(view)
            return known
        except TypeError:  # an object that has no hash, or of which there is no weak reference
            return View(view)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Return *response* to *request* as one of Django's, where it is ours.

        Since ours have a ``render()`` in Django's eyes, it calls this for them.
        """
        if not isinstance(response, Response):
            return response
        try:
            made: Any = converted(request, response_for(request, response, vars(request).pop(_INJECTED, None)))
        except Exception as error:
            return _Failed(error)
        begin: Any = beginning(made)
        show_unrendered(response, made)

        def render() -> HttpResponseBase:
            return rendered(response, made)

        async def begin_and_render() -> HttpResponseBase:
            await begin()
            return await sync_to_async(render)()

        made.render = render if begin is None else begin_and_render
        return made

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return the answer to *request* that *exception* is, None where that is no HTTPException."""
        vars(request).pop(_INJECTED, None)
        return converted_error(request, exception) if isinstance(exception, HTTPException) else None


class _Failed(SimpleTemplateResponse):
    """Stands for a response that could not be made: from its ``render()`` on, the error is one of the view."""

    def __init__(self, error: Exception) -> None:
        super().__init__("", {})
        self._error = error

    def render(self) -> NoReturn:
        raise self._error


def _called(request: HttpRequest, view: Any, make_call: Callable[[], Any]) -> Any:
    """Return the result of *make_call*, or a stand-in that raises its error where Django catches errors of views."""
    try:
        returned = make_call()
    except Exception as error:
        return _Failed(error)
    if returned is None:
        # Django would call the view.
        return _Failed(ValueError(f"the view {qualified_name(view)} returned None instead of a response"))
    return response_for(request, returned, None) if inspect.isgenerator(returned) else returned


def django_view(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return *view* as Django knows views, sync or async: for projects without the middleware.

    What the middleware does for all views is done for this one; other decorators may stand above it. Of a view that is
    made of a class, it takes what ``as_view()`` returns.
    """
    known = View(view)

    def injected_into(request: Any, args: Any, kwargs: dict[str, Any]) -> Injected | None:
        asked = known.plan(request.method)
        return asked.injected(known.positional(request, args), kwargs) if asked else None

    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        injected = injected_into(request, args, kwargs)
        given = {} if injected is None else injected.arguments
        try:
            return finished(request, view(request, *args, **kwargs, **given), injected)
        except HTTPException as error:
            roll_back()
            return converted_error(request, error)

    @functools.wraps(view)
    async def respond_later(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        injected = injected_into(request, args, kwargs)
        given = {} if injected is None else injected.arguments
        try:
            return await finished_later(request, await view(request, *args, **kwargs, **given), injected)
        except HTTPException as error:
            return await sync_to_async(converted_error)(request, error)

    responding = respond_later if known.is_async else respond
    setattr(responding, MARK, True)
    return responding


class ResponseMixin:
    """For class-based views of Django REST framework, before their own base: ``class View(ResponseMixin, APIView)``."""

    def finalize_response(self, request: Any, response: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return *response* to *request*, or what the middleware would make of it, as the framework would have it."""
        injected = vars(request._request).pop(_INJECTED, None)
        if injected is not None:
            # Its own has a parameter named as what a view may be given.
            kwargs = {name: value for name, value in kwargs.items() if name not in injected.arguments}
        response = finished(request._request, response, injected)
        # The next class is the framework's, which nothing here imports.
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]

    def handle_exception(self, exc: Exception) -> Any:
        """Return the answer that *exc* is, an HTTPException; the framework knows those of its own."""
        if not isinstance(exc, HTTPException):
            # As above: a class that nothing here imports.
            return super().handle_exception(exc)  # type: ignore[misc]
        roll_back()
        return exc.get_response()


install()
