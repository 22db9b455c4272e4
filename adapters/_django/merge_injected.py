"""What a view set on the objects that it was given, made part of a response of Django's own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from wsgiresp._runtime.close_steps import ClosingBody
from wsgiresp._views.injection import Injected
from wsgiresp._views.merging import additions, is_used
from wsgiresp.adapters._django.conversion import end_with
from wsgiresp.adapters._django.cookies import add_cookie
from wsgiresp.adapters._django.thread_locals import bind
from wsgiresp.responses.close_steps import close_steps


def merge_into(made: HttpResponseBase, request: HttpRequest, injected: Injected) -> HttpResponseBase:
    """Return *made* with the status, the fields and the tasks of *injected*."""
    if not is_used(injected):
        return made
    added: Any = additions(injected)
    if added.chosen_status is not None:
        made.status_code, made.reason_phrase = added.status_code, added.status[4:]
    for name in {name.lower(): name for name, _ in added.headers}.values():
        values = added.headers.getlist(name)
        if name.lower() == "set-cookie":
            for value in values:
                add_cookie(made.cookies, value)
        elif name.lower() == "vary":
            patch_vary_headers(made, values)
        else:
            made[name] = ", ".join(values)
    bind(request, added)
    end_with(request, made, ClosingBody((), close_steps(added)).close)
    return made
