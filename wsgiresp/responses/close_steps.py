"""Close steps of a response, in their order: ``call_on_close`` callbacks, then background tasks."""

from __future__ import annotations

from typing import Protocol

from wsgiresp._runtime.close_order import Step
from wsgiresp._types import Background
from wsgiresp.background import AfterResponse
from wsgiresp.responses.class_around import tasks_of


class Closable(Protocol):
    """A response, ours or one that is being made of ours."""

    background: Background | None

    def close(self) -> None:
        """Close the iterable, and run what ``call_on_close`` was given."""
        ...


def close_steps(response: Closable, *between: Step, closes: bool = True) -> list[Step]:
    """Return the steps: ``response.close``, then *between*, and last its background tasks.

    The tasks are those that *response* has now. They run in a copy of the current context, and inside of ``around`` of
    a streaming response. *closes*: False for a response that has nothing to close, which saves a step of each answer.
    """
    steps: list[Step] = [response.close, *between] if closes else [*between]
    if response.background is not None:
        steps.append(AfterResponse(tasks_of(response, response.background)))
    return steps
