"""WhiteNoise, which sends files and nothing else. It looks at all of them once, when it starts."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from whitenoise import WhiteNoise

from benchmarks.candidates import Candidate


def absent(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer that there is no such file."""
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return ()


CANDIDATE = Candidate(
    distribution="whitenoise",
    apps={},
    json={},
    files={"whitenoise": lambda folder: WhiteNoise(absent, root=folder)},
)
