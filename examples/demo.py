"""All examples as one WSGI application: ``plain_app.py`` at the top, the others each below a path of its own."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

import django_app
import flask_app
import plain_app
import stream_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware

# The live log shows what both of them log.
plain_app.log.addHandler(stream_app.JOURNAL)

# This is what a WSGI server calls.
mounts: dict[str, WSGIApplication] = {"/streams": stream_app.app, "/flask": flask_app.app, "/django": django_app.app}
app = DispatcherMiddleware(plain_app.app, mounts)
