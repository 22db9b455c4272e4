"""A new worker in the place of this one, as ``kill -HUP`` makes it: asked for by our own page alone."""

from __future__ import annotations

import logging
import os
import signal
from ipaddress import ip_address
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from wsgiresp import BackgroundTask
from wsgiresp.responses import JSONResponse, Response

log = logging.getLogger("demo")

# Noted where the app is imported. gunicorn's worker does that itself, so this is the master; where the master has
# done it (--preload), it is somebody else, and the comparison below fails.
PARENT = os.getppid()


def restart(request: Request) -> Response:
    """JSONResponse with a BackgroundTask: POST, and gunicorn replaces this worker once it is answered"""
    if reason := refusal(request):
        return JSONResponse({"detail": reason}, status_code=403)
    if not request.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn/") or os.getppid() != PARENT:
        return JSONResponse({"detail": "there is no master of gunicorn that could be told"}, status_code=409)
    log.info("worker %s asks its master for another", os.getpid())
    # After the answer: it goes out whatever becomes of this worker.
    task = BackgroundTask(os.kill, PARENT, signal.SIGHUP)
    return JSONResponse({"worker": os.getpid()}, status_code=202, background=task)


def refusal(request: Request) -> str | None:
    """Return why *request* may not change anything: None where it is one of our page, in a browser on this machine."""
    host = request.headers.get("Host", "")
    # A page of another site may have given its own name this address, and then all else looks right.
    if not is_loopback(name_in(host)) or not is_loopback(request.remote_addr or ""):
        return "this is for the machine that the demo runs on"
    # Browsers say where a request comes from (Fetch Metadata, Section 2.3; RFC 6454, Section 7), pages cannot.
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin" or request.headers.get("Origin") != f"{request.scheme}://{host}":
        return "this is for the demo's own page"
    return None


def name_in(host: str) -> str:
    """Return the name or address in *host*, a Host field, without its port; nothing where it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Return whether *name*, a name or an address, is this machine for itself."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
