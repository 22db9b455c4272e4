"""NaN and infinities, which JSON has no numbers for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from protocol.json_samples import INFINITY, NAN, Point, Real

from wsgiresp._protocol.json_encoding import json_encoder

OUT_OF_RANGE = "Out of range float values are not JSON compliant"  # the words of the standard library's json


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(NAN, id="NaN"),
        pytest.param(INFINITY, id="infinity"),
        pytest.param(-INFINITY, id="negative infinity"),
        pytest.param(Decimal("NaN"), id="a Decimal NaN"),
        pytest.param(Decimal("sNaN"), id="a signalling NaN"),
        pytest.param(Decimal("-Infinity"), id="a Decimal infinity"),
    ],
)
class TestANumberThatIsNotFinite:
    def test_is_null(self, number):
        assert json_encoder().encode([number]) == b"[null]"

    def test_is_an_error_where_that_is_asked_for(self, number):
        with pytest.raises(ValueError, match=rf"^{OUT_OF_RANGE}: items\[1\]\.price must be finite, got -?(nan|inf)$"):
            json_encoder(nan="error").encode({"items": [{}, {"price": number}]})


@pytest.mark.parametrize(
    ("content", "path"),
    [
        pytest.param(NAN, "content", id="the content itself"),
        pytest.param([Real("nan")], "[0]", id="a subclass of float"),
        pytest.param(iter([1.5, INFINITY]), "[1]", id="within an iterator"),
        pytest.param({1: {"a": Point(NAN)}}, "[1].a.x", id="within a dataclass"),
    ],
)
def test_the_path_to_a_number_that_is_not_finite_is_said(content, path):
    with pytest.raises(ValueError, match="must be finite") as caught:
        json_encoder(nan="error").encode(content)
    assert str(caught.value).startswith(f"{OUT_OF_RANGE}: {path} must be finite")


def test_finite_numbers_pass_where_others_are_an_error():
    content = {"a": iter([1.5, Real(2.5), Decimal("1.10")]), 0.5: 1}
    assert json_encoder(nan="error").encode(content) == b'{"a":[1.5,2.5,1.10],"0.5":1}'


def test_a_key_that_is_not_finite_is_an_error_where_that_is_asked_for():
    with pytest.raises(ValueError, match=rf"^{OUT_OF_RANGE}: a\.b has the key nan, which must be finite$"):
        json_encoder(nan="error").encode({"a": {"b": {NAN: 1}}})
