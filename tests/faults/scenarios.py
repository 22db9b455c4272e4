"""The scenarios: each is a request that is answered in one of three modes, and what its client must get.

Modes: on a plain *thread*, as under gunicorn's gthread; under a *hub*, as under gunicorn's gevent; on a *loop*, as
under an ASGI server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from faults.fake_server import ROOM, Client, in_real_thread, in_thread, serve, serve_on_loop, under_hub
from faults.parts import Record

Whole = Callable[[bytes], bool]


class Scenario(NamedTuple):
    """A request: *run* answers it once in the mode, and *whole* tells whether a body that ended well is right."""

    name: str
    mode: str
    run: Callable[[Record], None]
    whole: Whole

    @property
    def title(self) -> str:
        return f"{self.name} ({self.mode})"


SCENARIOS: dict[str, Scenario] = {}

_RUNNERS = {"thread": in_thread, "hub": under_hub}


def add(name: str, respond: Callable[[Record], Any], whole: bytes | Whole, **options: Any) -> None:
    """Add the request that ``respond(record)`` answers, on a thread and under a hub; *options* are :func:`serve`'s."""
    for mode, runner in _RUNNERS.items():

        def run(record: Record, mode: str = mode, runner: Callable[..., None] = runner) -> None:
            room = ROOM if options.get("reads", True) else 0  # the smallest that the system has
            with contextlib.closing(Client(is_under_hub=mode == "hub", room=room)) as client:
                runner(lambda: _answer(record, respond, client, options))

        _add(Scenario(name, mode, run, _whole(whole)))


def add_on_loop(name: str, respond: Callable[[Record], Any], whole: bytes | Whole, **options: Any) -> None:
    """Add the request that ``respond(record)`` answers on a loop; *options* are those of :func:`serve_on_loop`."""

    def run(record: Record) -> None:
        async def answer() -> None:
            with _noted(record):
                await serve_on_loop(record, respond(record), **options)

        in_thread(lambda: asyncio.run(answer()))

    _add(Scenario(name, "loop", run, _whole(whole)))


def _answer(record: Record, respond: Callable[[Record], Any], client: Client, options: dict[str, Any]) -> None:
    with _noted(record):
        serve(record, respond(record), client, **options)


@contextlib.contextmanager
def _noted(record: Record) -> Any:
    """Note an error of the view itself, to which nothing was handed over: what it made is its own."""
    try:
        yield
    except BaseException as error:
        record.error = f"view: {error!r}"


def _whole(whole: bytes | Whole) -> Whole:
    return (lambda body: body == whole) if isinstance(whole, bytes) else whole


def _add(scenario: Scenario) -> None:
    SCENARIOS[scenario.title] = scenario


def leave(client: Client) -> None:
    """Have the client leave: what ``act`` of a scenario is."""
    client.leave()


def finish_all(client: Client) -> None:
    """Have all streams finish, as at the stop of a worker."""
    from wsgiresp._streams.open_streams import finish_streams

    in_real_thread(finish_streams)


def abort_all(client: Client) -> None:
    """Have all streams aborted, as at the end of a worker; the wait for them is cut short."""
    from wsgiresp._streams.open_streams import abort_streams

    in_real_thread(lambda: abort_streams(0))
