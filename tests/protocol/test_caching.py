from __future__ import annotations

from datetime import timedelta

import pytest

from wsgiresp._protocol.caching import cache_control


@pytest.mark.parametrize(
    ("max_age", "text"),
    [
        pytest.param(60, "max-age=60", id="seconds"),
        pytest.param(timedelta(hours=1), "max-age=3600", id="a timedelta"),
        pytest.param(0, "no-cache", id="nothing is to be asked for each time"),
        pytest.param(timedelta(milliseconds=5), "no-cache", id="less than a second is nothing"),
        pytest.param("immutable", "max-age=31536000, immutable", id="for ever"),
    ],
)
def test_an_age_becomes_a_field(max_age, text):
    assert cache_control(max_age) == text


@pytest.mark.parametrize("max_age", [-1, timedelta(seconds=-1), True, 1.5, "60", "forever", None])
def test_what_is_no_age_is_refused(max_age):
    with pytest.raises(ValueError, match=r"max_age must be seconds .* got"):
        cache_control(max_age)
