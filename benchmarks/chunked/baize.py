"""baize, the nearest relative: Starlette's classes on WSGI."""

from __future__ import annotations

from baize.wsgi import StreamResponse

from . import chunks

APPS = {"baize": lambda env, start: StreamResponse(chunks(env["PATH_INFO"]))(env, start)}
