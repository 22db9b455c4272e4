"""A single-page application beneath a path: the folder that the environment names, whose page is the fallback."""

from __future__ import annotations

import os

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from wsgiresp import serve_files
from wsgiresp.responses import PlainTextResponse

site = serve_files(os.environ["FILES"], index="index.html", fallback="index.html")
app = DispatcherMiddleware(PlainTextResponse("-"), {"/manual": site})
