"""The kinds of bodies on which the table of behaviours is run, and the behaviours in which one of them drifts.

Each test of ``test_body_behaviours*.py`` is a row of the table.
"""

from __future__ import annotations

import sys

import pytest
from streams.body_drivers import AsyncSourceDriver, HubDriver, LoopDriver, ThreadDriver

_ASGI = LoopDriver.name
_NOT_CLOSED = "a begin() that raises leaves the body open and registered"
_CANCELLED = "a begin() that is cancelled leaves the body open and registered"
_CLEAN_END = "begin() raises StopAsyncIteration, which ends the iteration of whoever reads"
_BEGIN_GOES_ON = "begin() waits for a chunk, also of a stream that is finished"
_NEEDS_BEGIN = "the attributes of a body that has begun are used before it has"
_FORGOTTEN = "an abort before begin() is forgotten"
_UNNAMED = "str() of the body does not name the source"
_OTHERS_UNSEEN = "a close by another task looks like the end"
_INTERRUPTION_LOGGED = "close() logs the exception by which abort() interrupted the source"
_STARTED_TWICE = "the producer starts the source twice where it was stopped before it began"

DRIFTS = {
    ("test_a_begin_that_raises_closes_the_source_and_runs_the_steps", _ASGI): _NOT_CLOSED,
    ("test_a_body_whose_begin_raised_is_not_registered", _ASGI): _NOT_CLOSED,
    ("test_a_begin_that_is_interrupted_closes_the_body", _ASGI): _CANCELLED,
    ("test_a_stop_async_iteration_of_iter_is_the_cause_of_a_runtime_error", _ASGI): _CLEAN_END,
    ("test_a_stop_async_iteration_of_the_encoder_is_the_cause_of_a_runtime_error", _ASGI): _CLEAN_END,
    ("test_a_finish_while_begin_waits_for_the_first_chunk_ends_the_stream", _ASGI): _BEGIN_GOES_ON,
    ("test_begin_returns_at_the_maximum_age", _ASGI): _BEGIN_GOES_ON,
    ("test_without_preamble_a_stream_begun_while_the_worker_stops_is_finished", _ASGI): _BEGIN_GOES_ON,
    ("test_a_finished_stream_with_nothing_to_send_ends_without_an_empty_chunk", _ASGI): "it sends b'' before the end",
    ("test_a_finish_before_begin_ends_the_stream", _ASGI): _NEEDS_BEGIN,
    ("test_an_abort_before_begin_breaks_the_stream", _ASGI): _FORGOTTEN,
    ("test_a_source_that_was_aborted_before_begin_is_closed_once", _ASGI): _FORGOTTEN,
    ("test_a_body_that_was_closed_before_it_began_ends", _ASGI): _NEEDS_BEGIN,
    ("test_an_abort_after_a_finish_does_not_cancel_the_closing_bytes", _ASGI): "the abort wins over the finish",
    ("test_the_name_of_a_body_is_that_of_its_source", _ASGI): _UNNAMED,
    ("test_the_log_of_aborted_streams_names_their_source", _ASGI): _UNNAMED,
    ("test_the_warning_of_a_source_that_is_not_closed_in_time_names_it", _ASGI): "the message has no name",
    ("test_a_reader_that_waits_when_another_closes_the_body_gets_a_runtime_error", _ASGI): _OTHERS_UNSEEN,
    ("test_a_begin_that_waits_when_another_closes_the_body_raises_runtime_error", _ASGI): _OTHERS_UNSEEN,
    ("test_an_error_that_nobody_read_is_logged_at_the_close", _ASGI): "nobody looks at the error then",
    ("test_an_aborted_source_that_goes_on_is_soon_abandoned_with_an_error", _ASGI): "it is waited for as any other",
    ("test_the_interruption_of_an_aborted_source_is_not_logged", HubDriver.name): _INTERRUPTION_LOGGED,
    ("test_the_interruption_of_an_aborted_source_is_not_logged", AsyncSourceDriver.name): _INTERRUPTION_LOGGED,
    ("test_an_abort_after_the_close_changes_nothing", ThreadDriver.name): "abort() uses the loop of a hub that is gone",
    ("test_a_source_that_was_aborted_before_begin_is_closed_once", AsyncSourceDriver.name): _STARTED_TWICE,
}
"""By test and name of a kind: why the behaviour is not yet that of the other kinds. The test must fail there."""

WSGI = (HubDriver, ThreadDriver, AsyncSourceDriver)
ASGI = LoopDriver
WHERE_OTHERS_RUN = (HubDriver, AsyncSourceDriver, LoopDriver)
"""The kinds in which another greenlet or task can close a body, or interrupt its reader, while it is read."""

_DRIFT_PATIENCE = 0.5
"""Seconds for which a test waits where it is known to fail, and may do so by waiting for ever."""


def of_kinds(*kinds):
    """Run a test with each of *kinds*, the class of a driver; where it drifts it must fail."""

    def parametrize(test):
        return pytest.mark.parametrize("kind", [_case(test, kind) for kind in kinds])(test)

    return parametrize


def _case(test, kind):
    reason = DRIFTS.get((test.__name__, kind.name))
    if reason is None:
        return pytest.param(kind, id=kind.name)
    impatient = type(kind.__name__, (kind,), {"patience": _DRIFT_PATIENCE})
    return pytest.param(impatient, id=kind.name, marks=pytest.mark.xfail(strict=True, reason=reason))


every_kind = of_kinds(*WSGI, ASGI)


def set_limit(monkeypatch, suffix, seconds):
    """Set each time limit of the streams whose name ends in *suffix*, whatever module reads it."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("wsgiresp._streams.")]
    found = [(module, name) for module in modules for name in vars(module) if name.endswith(suffix)]
    assert found, f"no limit of the streams has a name that ends in {suffix}"
    for module, name in found:
        monkeypatch.setattr(module, name, seconds)
