"""System checks: faults of the settings, and what would fail later, at start-up and by ``manage.py check``."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.urls import URLResolver, get_resolver
from django.utils.module_loading import import_string
from gevent import monkey

from wsgiresp._runtime.process import is_first
from wsgiresp.adapters._django.settings import faults

log = logging.getLogger("wsgiresp")

PATH = "wsgiresp.adapters.django.ResponseMiddleware"
_SEVERAL = 3  # views that are named


def register() -> None:
    """Have ``manage.py check`` run these."""
    checks.register(_check, "wsgiresp")


def _check(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    return list(messages())


def messages() -> Iterator[checks.CheckMessage]:
    """Yield what is wrong, or will be."""
    for fault in faults():
        yield checks.Error(fault.message, hint=fault.hint, id="wsgiresp.E001")
    ours = [path for path in settings.MIDDLEWARE if _is_ours(path)]
    if not ours:
        return
    if not _is_ours(settings.MIDDLEWARE[-1]):
        yield checks.Warning(
            f"{ours[-1]} is not the last of MIDDLEWARE: those behind it get what views return as it is, and Django"
            " cannot call a view that is a generator function before Python 3.12, or async def under gevent.",
            hint="Put it last; a second one, as the first, answers for middleware that returns our responses.",
            id="wsgiresp.W001",
        )
    if not monkey.is_module_patched("threading"):
        return
    alone = [path for path in settings.MIDDLEWARE if _is_async_alone(path)]
    if alone:
        yield checks.Warning(
            f"gevent has patched this process, and {alone[0]} is asynchronous alone: of several requests at once,"
            " Django answers one and fails the others.",
            hint="Make it one that can be synchronous too, or serve the project by ASGI.",
            id="wsgiresp.W002",
        )
    views = [] if _is_ours(settings.MIDDLEWARE[-1]) else sorted(_async_views(get_resolver()))
    if views:
        yield checks.Warning(
            f"gevent has patched this process, and {len(views)} views are async def, such as"
            f" {', '.join(views[:_SEVERAL])}: of several requests at once, Django answers one and fails the others.",
            hint=f"Put {PATH} last in MIDDLEWARE: it calls them.",
            id="wsgiresp.W003",
        )


def tell_at_start() -> None:
    """Log the warnings, each once in a process; ``ImproperlyConfigured`` where the settings are wrong.

    A server that imports the project runs no checks of Django's.
    """
    for message in messages():
        if message.level >= checks.ERROR:
            raise ImproperlyConfigured(f"{message.msg} {message.hint}")
        if is_first(str(message.id)):
            log.warning("%s %s (%s)", message.msg, message.hint, message.id)


def is_last(get_response: Any) -> bool:
    """Return whether a middleware that is given *get_response* is the last one: the view comes next, and nothing else.

    That its class is the last of ``MIDDLEWARE`` says nothing, since it may be there twice.
    """
    # Django puts around each what makes answers of exceptions. Not unwrapped further: a middleware may wrap the next.
    wrapped = getattr(get_response, "__wrapped__", None)
    return inspect.ismethod(wrapped) and isinstance(wrapped.__self__, BaseHandler)


def is_atomic(view: Any) -> bool:
    """Return whether *view* would be called in a transaction, which Django refuses to do for one that is async."""
    exempt: set[str] = getattr(view, "_non_atomic_requests", set())
    return any(options["ATOMIC_REQUESTS"] and alias not in exempt for alias, options in connections.settings.items())


def _is_ours(path: str) -> bool:
    found = _imported(path)
    return inspect.isclass(found) and any(f"{kind.__module__}.{kind.__qualname__}" == PATH for kind in found.__mro__)


def _is_async_alone(path: str) -> bool:
    found = _imported(path)
    return getattr(found, "async_capable", False) and not getattr(found, "sync_capable", True)


def _imported(path: str) -> Any:
    try:
        return import_string(path)
    except ImportError:  # Django says so
        return None


def _async_views(resolver: URLResolver) -> Iterator[str]:
    try:
        patterns = resolver.url_patterns
    except Exception:  # of whatever a module of the project raises, at the first request
        return
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _async_views(pattern)
        elif iscoroutinefunction(pattern.callback):
            yield pattern.lookup_str
