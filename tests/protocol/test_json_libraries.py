"""JSON of numpy's and pandas' values: the same text for the same value in each of their types, by both encoders."""

from __future__ import annotations

import json
import sys
import types
from datetime import datetime, timedelta
from decimal import Decimal
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.frames import UNITS, arrays, columns, keys, np, pd, scalars
from werkzeug.local import LocalProxy

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode
from wsgiresp._protocol.json_times import duration_text, moment_text

ENCODERS = [pytest.param(json_encoder().encode, id="simplejson"), pytest.param(orjson_encode, id="orjson")]
strict = json_encoder(nan="error").encode


def read(text: bytes) -> object:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


RECORDS = np.array([(1, "2024-01-01T00:00:00.5", 2.5)], [("a", "i4"), ("b", "M8[ns]"), ("c", "f4")])
SMALL_ARRAYS = np.array([(1, ["2024-01-01", "NaT"])], [("a", "i4"), ("b", "M8[ns]", (2,))])
NESTED = np.array([((1, "2024-01-01"), 2)], [("a", [("b", "i4"), ("c", "M8[s]")]), ("d", "f8")])
MASKED = np.ma.array(RECORDS, mask=[(0, 1, 0)])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(np.int16(12), "12", id="an integer"),
        pytest.param(np.float32(0.5), "0.5", id="a short float"),
        pytest.param(np.float64(0.1), "0.1", id="a float"),
        pytest.param(np.longdouble("0.1"), "0.1", id="an extended float"),
        pytest.param(np.array([3, np.nan, np.inf], np.longdouble), "[3.0,null,null]", id="extended floats"),
        pytest.param(np.bool_(True), "true", id="a bool"),
        pytest.param(np.str_("a"), '"a"', id="a text"),
        pytest.param(np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]", id="two dimensions"),
        pytest.param(np.array(5), "5", id="no dimension"),
        pytest.param(np.array([1.5, np.nan]), "[1.5,null]", id="NaN"),
        pytest.param(np.array([{"a": 1}, None, pd.NA], object), '[{"a":1},null,null]', id="objects"),
        pytest.param(np.array([(1, 2.5)], "i4,f8"), "[[1,2.5]]", id="records"),
        pytest.param(np.datetime64("2024"), '"2024-01-01"', id="a year"),
        pytest.param(np.datetime64("2024-05"), '"2024-05-01"', id="a month"),
        pytest.param(np.datetime64("2025-07-08T09:10", "ns"), '"2025-07-08T09:10:00"', id="a moment in ns"),
        pytest.param(np.datetime64(5, "25s"), '"1970-01-01T00:02:05"', id="a unit with a factor"),
        pytest.param(np.datetime64("20000-01-01"), '"+020000-01-01"', id="a year beyond those of datetime"),
        pytest.param(np.array("2024-01-01T01", "M8[ns]"), '"2024-01-01T01:00:00"', id="a moment without a dimension"),
        pytest.param(
            np.array([["2024", "NaT"], ["2025", "2026"]], "M8[M]"),
            '[["2024-01-01",null],["2025-01-01","2026-01-01"]]',
            id="moments in two dimensions",
        ),
        pytest.param(
            np.arange(4).astype("M8[Y]").reshape(2, 1, 2),
            '[[["1970-01-01","1971-01-01"]],[["1972-01-01","1973-01-01"]]]',
            id="moments in three dimensions",
        ),
        pytest.param(np.ma.array(np.zeros((1, 2), "M8[D]"), mask=[[0, 1]]), '[["1970-01-01",null]]', id="a masked one"),
        pytest.param(np.zeros((2, 0, 1), "m8[s]"), "[[],[]]", id="no durations"),
        pytest.param(np.array([1], ">M8[h]"), '["1970-01-01T01:00:00"]', id="the other order of bytes"),
        pytest.param(np.timedelta64(36 * 3600 * 10**9, "ns"), '"P1DT12H"', id="a duration in ns"),
        pytest.param(np.array([14, "NaT"], "m8[M]"), '["P1Y2M",null]', id="months"),
        pytest.param(np.timedelta64(5), "5", id="a duration without a unit"),
        pytest.param(np.array([5, "NaT"], "m8"), "[5,null]", id="durations without a unit"),
        pytest.param(np.datetime64("NaT"), "null", id="NaT"),
        pytest.param(np.timedelta64("NaT", "ns"), "null", id="NaT of a duration"),
        pytest.param(RECORDS, '[[1,"2024-01-01T00:00:00.500000",2.5]]', id="records with a moment"),
        pytest.param(RECORDS[0], '[1,"2024-01-01T00:00:00.500000",2.5]', id="a record with a moment"),
        pytest.param(np.array(RECORDS[0]), '[1,"2024-01-01T00:00:00.500000",2.5]', id="one without a dimension"),
        pytest.param(RECORDS.view(np.recarray), '[[1,"2024-01-01T00:00:00.500000",2.5]]', id="a recarray"),
        pytest.param(
            np.array([RECORDS, RECORDS]),
            '[[[1,"2024-01-01T00:00:00.500000",2.5]],[[1,"2024-01-01T00:00:00.500000",2.5]]]',
            id="records in two dimensions",
        ),
        pytest.param(RECORDS[:0], "[]", id="no records"),
        pytest.param(SMALL_ARRAYS, '[[1,["2024-01-01T00:00:00",null]]]', id="records with small arrays"),
        pytest.param(NESTED, '[[[1,"2024-01-01T00:00:00"],2.0]]', id="records in records"),
        pytest.param(MASKED, "[[1,null,2.5]]", id="a masked field"),
        pytest.param(np.ma.array(NESTED, mask=[((1, 1), 0)]), "[[null,2.0]]", id="a masked record in a record"),
        pytest.param(
            np.ma.array(np.array([1, 2], "M8[ns]"), mask=[0, 1]),
            '["1970-01-01T00:00:00.000000001",null]',
            id="a masked moment",
        ),
        pytest.param(np.ma.masked, "null", id="the masked value"),
        pytest.param(
            LocalProxy(lambda: np.datetime64("2024", "ns")), '"2024-01-01T00:00:00"', id="a proxy of a moment"
        ),
        pytest.param(pd.NaT, "null", id="NaT of pandas"),
        pytest.param(pd.NA, "null", id="NA"),
        pytest.param(LocalProxy(lambda: pd.NA), "null", id="a proxy of NA"),
        pytest.param(pd.Timestamp("2025-07-08T09:10"), '"2025-07-08T09:10:00"', id="a Timestamp"),
        pytest.param(
            pd.Timestamp("2025-01-01T00:00:00.123456789+02:00"),
            '"2025-01-01T00:00:00.123456789+02:00"',
            id="a Timestamp with nanoseconds and an offset",
        ),
        pytest.param(
            pd.Timestamp(np.datetime64("20000-01-01", "s")).tz_localize("UTC"),
            '"+020000-01-01T00:00:00+00:00"',
            id="a Timestamp beyond the years of datetime",
        ),
        pytest.param(
            pd.Timestamp(np.datetime64("-0005-01-01", "s")), '"-000005-01-01T00:00:00"', id="one before the year 0"
        ),
        pytest.param(pd.Timedelta(1_500_000_001, "ns"), '"PT1.500000001S"', id="a Timedelta with nanoseconds"),
        pytest.param(
            pd.Timedelta(np.timedelta64(10**15, "s")), '"P11574074074DT1H46M40S"', id="a Timedelta of 30 million years"
        ),
        pytest.param(pd.Series([1, None], dtype="Int64"), "[1,null]", id="a column with NA"),
        pytest.param(pd.to_datetime(["2025-07-08", None]), '["2025-07-08T00:00:00",null]', id="an index with NaT"),
        pytest.param(pd.Categorical(["a", None]), '["a",null]', id="a Categorical"),
        pytest.param(pd.MultiIndex.from_tuples([(1, pd.NaT)]), "[[1,null]]", id="a MultiIndex"),
    ],
)
@pytest.mark.parametrize("encode", ENCODERS)
def test_a_value_becomes(encode, content, text):
    assert encode(content) == text.encode()
    assert encode({"a": [content]}) == f'{{"a":[{text}]}}'.encode()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        pytest.param(np.int16(12), "12", id="an integer"),
        pytest.param(np.float32(0.5), "0.5", id="a short float"),
        pytest.param(np.float64(2.5), "2.5", id="a float"),
        pytest.param(np.longdouble("2.5"), "2.5", id="an extended float"),
        pytest.param(np.longdouble("inf"), "null", id="an extended infinity"),
        pytest.param(np.bool_(False), "false", id="a bool"),
        pytest.param(np.str_("a"), "a", id="a text"),
        pytest.param(np.datetime64("2024-05"), "2024-05-01", id="a month"),
        pytest.param(np.datetime64("2024", "ns"), "2024-01-01T00:00:00", id="a moment in ns"),
        pytest.param(np.float64("nan"), "null", id="NaN"),
        pytest.param(np.datetime64("NaT"), "null", id="NaT"),
        pytest.param(pd.NaT, "null", id="NaT of pandas"),
        pytest.param(pd.NA, "null", id="NA"),
        pytest.param(pd.Timestamp("2024"), "2024-01-01T00:00:00", id="a Timestamp"),
    ],
)
@pytest.mark.parametrize("encode", ENCODERS)
def test_a_key_becomes(encode, key, name):
    assert encode({key: [1]}) == f'{{"{name}":[1]}}'.encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pd.NaT, id="NaT of pandas"),
        pytest.param(pd.NA, id="NA"),
        pytest.param(np.datetime64("NaT"), id="NaT"),
        pytest.param(np.timedelta64("NaT", "s"), id="NaT of a duration"),
        pytest.param(np.array("NaT", "M8[s]"), id="NaT without a dimension"),
    ],
)
def test_a_missing_value_is_an_error_where_nan_is_one(content):
    with pytest.raises(ValueError, match=r"^a\[1\] must not be missing, got NaT or NA$"):
        strict({"a": [1, content]})


def test_a_missing_value_in_an_array_is_named_with_its_path():
    with pytest.raises(ValueError, match=r"^a\[0\]\[1\] must not be missing, got NaT or NA$"):
        strict({"a": np.array([["2024", "NaT"]], "M8[ns]")})


def test_a_missing_key_is_an_error_where_nan_is_one():
    with pytest.raises(ValueError, match=r"^a has the key NaT: it must not be missing$"):
        strict({"a": {pd.NaT: 1}})


def test_a_nan_of_the_content_is_not_called_a_missing_value():
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant: \[0\] must be finite"):
        strict([np.nan])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([np.complex128(1)], "Object of type complex at [0] is not", id="a complex number"),
        pytest.param([np.clongdouble(1)], "Object of type numpy.clongdouble at [0] is not", id="an extended one"),
        pytest.param([np.bytes_(b"a")], "Object of type numpy.bytes_ at [0] is not", id="bytes"),
        pytest.param([np.void(b"a")], "Object of type bytes at [0] is not", id="raw bytes"),
        pytest.param([pd.Period("2024-01")], "Object of type pandas.", id="a Period"),
        pytest.param([pd.Interval(0, 1)], "Object of type pandas.", id="an Interval"),
        pytest.param([pd.DataFrame({"a": [1]})], "Object of type pandas.", id="a DataFrame"),
        pytest.param({np.timedelta64(1, "s"): 1}, "keys must be ", id="a duration as a key"),
        pytest.param({np.clongdouble(1): 1}, "keys must be ", id="an extended complex number as a key"),
        pytest.param({np.bytes_(b"a"): 1}, "keys must be ", id="bytes as a key"),
    ],
)
@pytest.mark.parametrize("encode", ENCODERS)
def test_what_is_not_json_serializable_is_refused(encode, content, message):
    with pytest.raises(TypeError) as caught:
        encode(content)
    assert str(caught.value).startswith(message)


@given(array=arrays)
def test_both_encoders_write_the_same_of_an_array(array):
    assert orjson_encode(array) == json_encoder().encode(array)
    assert isinstance(read(orjson_encode({"a": array})), dict)


@given(array=arrays)
def test_an_array_is_written_as_the_list_of_its_items(array):
    assert json_encoder().encode(array) == json_encoder().encode(list(array))
    assert json_encoder().encode(array.reshape(1, -1)) == json_encoder().encode([list(array)])


@given(content=st.dictionaries(keys, scalars, max_size=3))
def test_both_encoders_write_the_same_of_scalars_and_keys(content):
    assert orjson_encode(content) == json_encoder().encode(content)
    assert isinstance(read(orjson_encode(content)), dict)


@given(column=columns)
def test_a_frame_with_missing_values_is_written_by_both_encoders(column):
    frame = pd.DataFrame({"a": column, "b": range(len(column))})
    for content in (frame.to_dict("records"), frame.to_dict("list"), frame.to_dict(), frame["a"], frame["a"].array):
        written = json_encoder().encode(content)
        assert orjson_encode(content) == written
        assert b"null" in written
        read(written)


@given(count=st.integers(-(2**31), 2**31), unit=st.sampled_from(UNITS))
def test_a_scalar_has_the_text_of_its_count(count, unit):
    content = [np.datetime64(count, unit), np.timedelta64(count, unit)]
    assert read(json_encoder().encode(content)) == [moment_text(count, unit), duration_text(count, unit)]


@given(moment=st.datetimes(), unit=st.sampled_from(["us", "ns"]))
def test_a_moment_has_the_text_of_its_datetime(moment, unit):
    if unit == "us" or 1700 < moment.year < 2200:  # what 64 bits of nanoseconds hold
        assert json_encoder().encode([np.datetime64(moment, unit)]) == json_encoder().encode([moment])


@given(span=st.timedeltas(timedelta(-90_000), timedelta(90_000)), unit=st.sampled_from(["us", "ns"]))
def test_a_duration_has_the_text_of_its_timedelta(span, unit):
    assert json_encoder().encode([np.timedelta64(span, unit)]) == json_encoder().encode([span])


@given(moment=st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))
def test_a_timestamp_has_the_text_of_its_datetime(moment):
    assert json_encoder().encode(pd.Timestamp(moment)) == json_encoder().encode(moment)


def test_the_digits_of_an_extended_float_are_kept():
    number = np.longdouble(1) / 3
    assert json.loads(json_encoder().encode([number]), parse_float=Decimal) == [Decimal(str(number))]


@pytest.mark.parametrize("library", ["numpy", "pandas"])
def test_a_library_that_is_blocked_or_half_imported_is_not_asked(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(TypeError, match="complex at"):
        json_encoder().encode({"a": 1j})


class Lazy(types.ModuleType):
    """A module that loads its names late, and fails."""

    def __getattr__(self, name):
        raise ImportError(name)


@pytest.mark.parametrize("module", [Lazy("lazy"), MagicMock()], ids=["a module that loads late", "a mock"])
@pytest.mark.parametrize("library", ["numpy", "pandas", "pydantic.main", "pydantic.types", "pydantic_core"])
def test_what_is_not_a_class_of_a_library_is_not_asked(monkeypatch, library, module):
    monkeypatch.setitem(sys.modules, library, module)
    with pytest.raises(TypeError, match="complex at a is not JSON serializable"):
        json_encoder().encode({"a": 1j})
