"""Patch of ``Response``: :func:`install` adds the methods of Django's HttpResponse that its decorators call on ours.

They come before any middleware: ``never_cache`` sets headers, ``cache_page`` leaves a callback for later. No
``__getitem__``, which would make it iterable.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http.response import HttpResponseBase

from wsgiresp.responses import Response

_CALLBACKS = "_post_render_callbacks"
_UNRENDERED = ("add_post_render_callback", "context_data", "render", "template_name")
_left: ContextVar[list[tuple[Response, Callable[[Any], Any]]] | None] = ContextVar("wsgiresp.left", default=None)
# What our classes keep on a response; anything else was put there by a decorator.
_OWN = frozenset(
    {
        *("_age", "_body", "_content", "_deletion", "_every", "_fields", "_etag", "_headers", "_is_one_shot"),
        *("_is_spent", "_on_close", "_response", "_source", "_status", "_type_field", "around", "background"),
        *("charset", "direct_passthrough", "filename", "media_type", "offload", "path"),
    }
)


def add_post_render_callback(self: Response, callback: Callable[[Any], Any]) -> None:
    """Have *callback* called with the response of Django's that is made of this one; it may return another."""
    left = _left.get()
    if left is None:
        vars(self).setdefault(_CALLBACKS, []).append(callback)
    else:
        # Not on the response: of one that answers several requests at once, the callback of one, such as that which
        # sets the cookie of CsrfViewMiddleware, would be called for another.
        left.append((self, callback))


def begin_request() -> None:
    """Have what decorators leave for later kept for the request that begins here."""
    _left.set([])


def has_header(self: Response, header: str) -> bool:
    """Return whether there is a field of the name *header*."""
    return header in self.headers


def get(self: Response, header: str, alternate: Any = None) -> Any:
    """Return the value of the field *header*, or *alternate*."""
    return self.headers.get(header, alternate)


def setdefault(self: Response, header: str, value: Any) -> None:
    """Set the field *header* to *value*, where it is not there."""
    self.headers.setdefault(header, value)


def set_field(self: Response, header: str, value: Any) -> None:
    """Set a field."""
    self.headers[header] = value


def delete_field(self: Response, header: str) -> None:
    """Take a field away, if it is there."""
    self.headers.pop(header, None)


def set_signed_cookie(self: Response, key: str, value: Any, salt: str = "", **more: Any) -> None:
    """Set the cookie *key* to *value*, signed, for ``get_signed_cookie()`` with the same *salt*; *more*: as usual."""
    signing: Any = HttpResponseBase.set_signed_cookie  # Django's asks for nothing but a set_cookie()
    signing(self, key, value, salt, **more)


def phrase(self: Response) -> str:
    """The text of the status line: Django logs it for the view of a failure, ``handler500``."""
    return self.status[4:]


def set_phrase(self: Response, text: str) -> None:
    """Set it, the code stays."""
    self.status = f"{self.status_code} {text}"


_added: dict[str, Any] = {
    "add_post_render_callback": add_post_render_callback,
    "has_header": has_header,
    "get": get,
    "setdefault": setdefault,
    "__setitem__": set_field,
    "__delitem__": delete_field,
    "__contains__": has_header,
    "set_signed_cookie": set_signed_cookie,
    "reason_phrase": property(phrase, set_phrase),
}


def install() -> None:
    """Add these methods to ``Response``, for all of this process; a second call has no effect."""
    for name, value in _added.items():
        setattr(Response, name, value)


def hand_on(raw: Response, made: HttpResponseBase) -> None:
    """Give *made* what decorators have put on *raw*, such as ``xframe_options_exempt``."""
    for name in vars(raw).keys() - _OWN:
        if name != _CALLBACKS and not hasattr(made, name):
            setattr(made, name, vars(raw)[name])


def show_unrendered(raw: Response, made: HttpResponseBase) -> None:
    """Give *made* what middleware finds on a response of a template, which ours is called with too.

    Until it is :func:`rendered`, like the ``render()`` that it gets: what has one is taken for one that is not, yet.
    """
    callback = functools.partial(add_post_render_callback, raw)
    vars(made).update(add_post_render_callback=callback, context_data={}, template_name=None)


def rendered(raw: Response, made: HttpResponseBase) -> HttpResponseBase:
    """Return *made*, or what the callbacks that were left for *raw* make of it."""
    for name in _UNRENDERED:
        vars(made).pop(name, None)
    left = _left.get() or []
    callbacks = [*vars(raw).pop(_CALLBACKS, ()), *(callback for owner, callback in left if owner is raw)]
    left.clear()
    for callback in callbacks:
        made = callback(made) or made
    return made
