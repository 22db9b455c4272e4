from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.case_tables import cases
from werkzeug.http import http_date

from wsgiresp._protocol import dates

FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
DIGITS = st.text("0129\u0661 ", min_size=1, max_size=5)


@pytest.mark.parametrize("value", cases("dates.toml", "the_rfc_example"))
def test_every_form_of_a_date_is_read(value):
    assert dates.parse(value) == 784111777


@pytest.mark.parametrize("value", cases("dates.toml", "no_date"))
def test_what_is_no_date_is_none(value):
    assert dates.parse(value) is None


@pytest.mark.parametrize("case", cases("dates.toml", "years_of_two_digits"))
def test_a_year_of_two_digits_has_a_fixed_century(case):
    assert dates.parse(case["value"]) == case["seconds"]


def test_a_leap_second_is_the_second_after():
    assert dates.parse("Sat, 31 Dec 2016 23:59:60 GMT") == dates.parse("Sun, 01 Jan 2017 00:00:00 GMT")


@given(seconds=st.integers(FIRST, LAST))
def test_a_date_that_was_written_is_read_back(seconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert dates.parse(http_date(moment)) == seconds


@given(seconds=st.integers(0, LAST), form=st.sampled_from(["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]))
def test_an_obsolete_form_is_read_as_the_standard_library_reads_it(seconds, form):
    # Within the years in which both take two digits for the same century.
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds % (98 * 365 * 86400))
    value = moment.strftime(form)
    assert dates.parse(value) == parsedate_to_datetime(value).replace(tzinfo=UTC).timestamp()


@given(value=st.text() | st.builds("Sun, {} Nov {} {}:49:37 GMT".format, DIGITS, DIGITS, DIGITS))
def test_no_text_raises(value):
    assert isinstance(dates.parse(value), int | None)
