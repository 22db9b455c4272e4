"""FastAPI's server-sent events; its other responses are Starlette's.

``format_sse_event`` is the function that its router gives an event to, with nothing checked; ``ServerSentEvent`` is
what a view makes, checked by pydantic. The text goes in as ``raw_data``, for ``data`` would be quoted.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi.sse import ServerSentEvent, format_sse_event

from benchmarks.candidates import Candidate
from benchmarks.harness.events import Event


def formatted(sent: Event) -> Callable[[], bytes]:
    """Return what writes an event without making one."""
    data, event, id = sent
    if event is None:
        return lambda: format_sse_event(data_str=data)
    return lambda: format_sse_event(data_str=data, event=event, id=id)


def routed(sent: Event) -> Callable[[], bytes]:
    """Return what makes an event and writes it as FastAPI's router does."""
    data, event, id = sent
    if event is None:
        return lambda: written(ServerSentEvent(raw_data=data))
    return lambda: written(ServerSentEvent(raw_data=data, event=event, id=id))


def written(made: ServerSentEvent) -> bytes:
    """Return *made* as bytes."""
    return format_sse_event(
        data_str=made.raw_data, event=made.event, id=made.id, retry=made.retry, comment=made.comment
    )


CANDIDATE = Candidate(
    distribution="fastapi",
    apps={},
    json={},
    events={"fastapi": routed, "fastapi, format_sse_event": formatted},
)
