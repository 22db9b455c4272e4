"""Every call of a primitive fails once in every scenario, and nothing is lost: see ``injector.py``.

For each scenario, a request that is answered in one of three modes, each call of each primitive fails once. Then the
answer is whole or broken off, the source is closed once, close steps and tasks have run once, nothing is registered any
more, the process has the descriptors, threads, greenlets and hubs of an undisturbed run, and the next request is
answered. What could not be done is logged.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from faults import file_scenarios, other_stream_scenarios, stream_scenarios, task_scenarios
from faults.primitives import ALL
from faults.scenarios import SCENARIOS

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors and threads are counted in /proc"),
    pytest.mark.timeout(600),
]

stream_scenarios.add_all()
other_stream_scenarios.add_all()
file_scenarios.add_all(Path())
task_scenarios.add_all()


@pytest.mark.parametrize("title", SCENARIOS)
def test_no_fault_loses_anything(zygote, title):
    outcome = zygote.try_all(title)
    assert outcome.losses == []  # without a fault
    assert outcome.rows
    assert outcome.lost == []


def test_each_primitive_is_called_in_a_scenario(zygote):
    called = {name for outcome in zygote.outcomes for name in outcome.calls}
    tried = {outcome.title for outcome in zygote.outcomes}
    for title in zygote.titles():
        if title not in tried and called < set(ALL):
            called |= set(zygote.count(title))
    assert called == set(ALL)


@pytest.mark.parametrize("mode", ["thread", "hub"])
def test_a_response_that_loses_something_is_found(zygote, mode):
    outcome = zygote.try_all(f"planted ({mode})")
    zygote.outcomes.remove(outcome)
    assert outcome.losses == []
    second, last = [row for row in outcome.lost if row.primitive == "source.step" and row.k > 1]
    assert second.losses == ["4 bytes end as if they were the whole body", "source closed 0 times instead of 1"]
    assert last.losses == ["source closed 0 times instead of 1"]
