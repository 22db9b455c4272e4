"""The time for a header field grows linearly with its length in the adapters too."""

from __future__ import annotations

import pytest
from growth.adapter_cases import CASES
from growth.growth_fit import LIMIT, exponent


@pytest.mark.parametrize("case", CASES)
def test_the_time_grows_linearly_in_an_adapter(case):
    assert exponent(case.call, case.make, case.largest) <= LIMIT
