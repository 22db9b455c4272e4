"""Growth of the time that a call takes: the exponent of its argument's size, fitted on a logarithmic scale.

Time is the CPU time of the thread, so other processes count only by what they do to caches and memory. Noise adds to a
time and never takes from it. So a size keeps its least time, and an exponent that is too large is measured again, up to
``ATTEMPTS`` times: the times come closer to those of an idle machine, and the exponent to its own.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

LIMIT = 1.2
"""The largest exponent that counts as linear: that of n log n is about 1.1."""

SIZES = 4  # each twice the one before
# Seconds that a call with the smallest size takes, unless the largest size comes first. With more, a busy machine takes
# the processor away during each call with the largest size, and the caches are cold when it gives it back.
ENOUGH = 0.0005
ATTEMPTS = 40
RUNS = 3
_ENOUGH_ATTEMPTS = 10  # for an exponent so large that no noise explains it
_NO_NOISE = 1.6
TICK = 1e-9  # s; a clock may not move during a call that does nothing
_SLICE = 0.002  # s in which a size is measured again and again, in one attempt

Clock = Callable[[], float]


def exponent(
    call: Callable[[Any], object], make: Callable[[int], Any], largest: int, clock: Clock = time.thread_time
) -> float:
    """Return the exponent of the size in the time that ``call(make(size))`` takes, ``make()`` not counted.

    *largest*: the size that is not exceeded. No further attempt is made once the exponent is at most ``LIMIT``, or if
    it is so large that no noise explains it. Else all is measured anew, with new arguments, which may lie otherwise in
    the caches, up to ``RUNS`` times.
    """
    found = math.inf
    for _ in range(RUNS):
        found = min(found, _exponent(call, make, largest, clock))
        if found <= LIMIT or found > _NO_NOISE:
            break
    return found


def _exponent(call: Callable[[Any], object], make: Callable[[int], Any], largest: int, clock: Clock) -> float:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        arguments = {size: make(size) for size in _sizes(call, make, largest, clock)}
        least = dict.fromkeys(arguments, math.inf)
        found = math.inf
        for attempt in range(ATTEMPTS):
            for size, argument in arguments.items():
                least[size] = min(least[size], _least_time(call, argument, clock))
            found = _slope(least)
            if found <= LIMIT or (found > _NO_NOISE and attempt >= _ENOUGH_ATTEMPTS):
                break
        return found
    finally:
        if was_enabled:
            gc.enable()


def _sizes(call: Callable[[Any], object], make: Callable[[int], Any], largest: int, clock: Clock) -> list[int]:
    size = 16
    while size << SIZES <= largest and _time(call, make(size), clock) < ENOUGH:
        size *= 2
    return [size << doubling for doubling in range(SIZES)]


def _least_time(call: Callable[[Any], object], argument: Any, clock: Clock) -> float:
    times = [_time(call, argument, clock), _time(call, argument, clock)]
    while sum(times) < _SLICE:
        times.append(_time(call, argument, clock))
    return min(times)


def _time(call: Callable[[Any], object], argument: Any, clock: Clock) -> float:
    before = clock()
    call(argument)
    return clock() - before


def _slope(times: Mapping[int, float]) -> float:
    """Return the slope of the line through the logarithms of size and time, by least squares."""
    points = [(math.log2(size), math.log2(max(seconds, TICK))) for size, seconds in times.items()]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)
