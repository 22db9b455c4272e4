"""sse-starlette, which sends events and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from sse_starlette.event import ServerSentEvent

from benchmarks.candidates import Candidate
from benchmarks.harness.events import Event


def made(sent: Event) -> Callable[[], bytes]:
    """Return what makes an event and writes it; what has no type and no id is made without these words."""
    data, event, id = sent
    if event is None:
        return lambda: ServerSentEvent(data).encode()
    return lambda: ServerSentEvent(data, event=event, id=id).encode()


CANDIDATE = Candidate(
    distribution="sse-starlette",
    apps={},
    json={},
    events={
        "sse-starlette": made,
        "sse-starlette, made before": lambda sent: ServerSentEvent(sent.data, event=sent.event, id=sent.id).encode,
    },
)
