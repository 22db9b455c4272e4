"""The time for a text grows linearly with its length: worst cases of all parsers, by their fitted exponents."""

from __future__ import annotations

import pytest
from growth import body_cases, header_cases, request_cases, response_cases
from growth.growth_fit import LIMIT, exponent

CASES = [
    *request_cases.RANGES,
    *request_cases.CONDITIONS,
    *request_cases.FIELDS,
    *request_cases.PATHS,
    *header_cases.FIELDS,
    *header_cases.TYPES,
    *header_cases.STATUS,
    *header_cases.LOCATIONS,
    *header_cases.COOKIES,
    *header_cases.NAMES,
    *header_cases.PARTS,
    *body_cases.EVENTS,
    *body_cases.READ,
    *body_cases.DOCUMENTS,
    *body_cases.BY_ORJSON,
    *body_cases.LINES,
    *response_cases.FILES,
    *response_cases.VIEWS,
]


@pytest.mark.parametrize("case", CASES)
def test_the_time_grows_linearly(case):
    assert exponent(case.call, case.make, case.largest) <= LIMIT
