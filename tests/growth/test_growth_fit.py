from __future__ import annotations

import gc
import itertools
import re

import pytest
from growth.growth_fit import LIMIT, exponent


class FakeClock:
    """A clock of which a call of :meth:`take` takes *cost* seconds of its argument, and noise in between."""

    def __init__(self, cost, noise=()):
        self.now = 0.0
        self.calls = 0
        self._cost = cost
        self._noise = itertools.cycle(noise or (0.0,))

    def __call__(self):
        return self.now

    def take(self, size):
        self.calls += 1
        self.now += self._cost(size) * (1 + next(self._noise))


def fitted(cost, noise=(), largest=2**20):
    clock = FakeClock(cost, noise)
    return exponent(clock.take, lambda size: size, largest, clock)


@pytest.mark.parametrize(
    ("cost", "found"),
    [
        pytest.param(lambda size: 5e-7, 0.0, id="constant"),
        pytest.param(lambda size: size * 1e-8, 1.0, id="linear"),
        pytest.param(lambda size: size**2 * 1e-9, 2.0, id="quadratic"),
        pytest.param(lambda size: size**1.5 * 1e-8, 1.5, id="between"),
        pytest.param(lambda size: 1e-5 + size**2 * 1e-12, 2.0, id="quadratic behind a constant"),
    ],
)
def test_the_exponent_is_that_of_the_time(cost, found):
    assert fitted(cost) == pytest.approx(found, abs=0.05)


@pytest.mark.parametrize(
    ("cost", "is_linear"),
    [
        pytest.param(lambda size: size * 1e-8, True, id="linear"),
        pytest.param(lambda size: size**2 * 1e-9, False, id="quadratic"),
    ],
)
def test_noise_hides_no_exponent(cost, is_linear):
    noise = (3.0, 0.1, 0.9, 0.0, 7.0, 0.2, 1.3)
    assert (fitted(cost, noise) <= LIMIT) is is_linear


def test_attempts_that_a_busy_machine_has_spoiled_are_made_again():
    # Until the call 41, each size takes as much longer as it is larger.
    clock = FakeClock(lambda size: size * 1e-3 * (size if clock.calls <= 40 else 1))
    assert exponent(clock.take, lambda size: size, 2**20, clock) <= LIMIT
    assert clock.calls > 40


def test_the_largest_size_is_not_exceeded():
    sizes = []
    exponent(sizes.append, lambda size: size, 1000)
    assert max(sizes) == 512


def test_a_quadratic_function_costs_a_bounded_time():
    clock = FakeClock(lambda size: size**2 * 1e-9)
    exponent(clock.take, lambda size: size, 2**20, clock)
    assert clock.now < 4.0


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_garbage_collector_is_as_before(is_enabled):
    was_enabled = gc.isenabled()
    seen = set()
    try:
        (gc.enable if is_enabled else gc.disable)()
        exponent(lambda _: seen.add(gc.isenabled()), lambda size: size, 256)
        assert (seen, gc.isenabled()) == ({False}, is_enabled)
    finally:
        (gc.enable if was_enabled else gc.disable)()


def squared(text):
    for _ in text:
        for _ in text:
            pass


def test_a_real_quadratic_function_is_found():
    assert exponent(squared, lambda size: "a" * size, 2**11) > LIMIT


def test_a_real_quadratic_regular_expression_is_found():
    parts = re.compile("[. ]*[.][.][. ]*(?=/|$)")  # how _files.safe_open looked for ".." once
    assert exponent(parts.match, lambda size: "." * size + "x", 2**10) > LIMIT


def test_a_real_linear_function_is_found():
    assert exponent(list, lambda size: "a" * size, 2**18) <= LIMIT
