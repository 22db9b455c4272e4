"""Both encoders write equal documents, and fail alike."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from gevent import Timeout
from hypothesis import given
from protocol.json_samples import AMSTERDAM, Color, Listing, Mood, Number, Pair, Point, Text, all_documents, documents
from werkzeug.datastructures import MultiDict

from wsgiresp._protocol import json_encoding
from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode

pytest.importorskip("orjson", reason="wants wsgiresp[orjson]")


def read(text: bytes) -> object:
    return json.loads(text, parse_float=Decimal, parse_int=int)


def outcome(encode: Callable[[object], bytes], content: object) -> object:
    try:
        return read(encode(content))
    except (TypeError, ValueError) as error:
        return type(error), str(error)


@given(documents)
def test_both_encoders_write_equal_documents(content):
    assert read(orjson_encode(content)) == read(json_encoder().encode(content))


@given(all_documents)
def test_both_encoders_refuse_the_same_for_the_same_reason(content):
    assert outcome(orjson_encode, content) == outcome(json_encoder().encode, content)


def circle() -> list[object]:
    content: list[object] = []
    content.append(content)
    return content


def nested(depth: int) -> object:
    content: object = 0
    for _ in range(depth):
        content = [content]
    return content


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(2**64, id="an integer beyond 64 bits"),
        pytest.param({2**64: 1}, id="a key beyond 64 bits"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param({"\udfff": 1}, id="a lone surrogate in a key"),
        pytest.param(Decimal("1.10"), id="the digits of a Decimal"),
        pytest.param([Decimal("sNaN"), Decimal("-Infinity")], id="Decimals that are not finite"),
        pytest.param({1e16: 1, 1e-5: 1e-5, float("nan"): 1}, id="float keys"),
        pytest.param({True: 1, None: 2, 3: 3}, id="other keys of JSON"),
        pytest.param(datetime(1900, 1, 1, tzinfo=AMSTERDAM), id="an offset with seconds"),
        pytest.param({datetime(1900, 1, 1, tzinfo=AMSTERDAM): 1}, id="an offset with seconds in a key"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC).timetz(), id="a time with an offset"),
        pytest.param({Color.RED: Color.PRICE, Mood.GOOD: Color.PAIR}, id="an Enum as key and as value"),
        pytest.param([Text("text"), Number(2), {Text("key"): 1, Number(3): 2}], id="subclasses of str and int"),
        pytest.param(MultiDict([("a", "1"), ("a", "2")]), id="a dict with items of its own"),
        pytest.param(Pair(1, Point(2)), id="a namedtuple and a dataclass with a private field"),
        pytest.param([Listing([1, Listing([2])])], id="iterators in iterators"),
        pytest.param(nested(300), id="deeper than orjson goes"),
        pytest.param(nested(100_000), id="deeper than anybody goes"),
        pytest.param(circle(), id="a circle"),
    ],
)
def test_both_encoders_agree_on(content):
    assert outcome(orjson_encode, content) == outcome(json_encoder().encode, content)


def test_plain_content_is_written_by_orjson_alone(monkeypatch):
    monkeypatch.setattr(json_encoding, "_default_encoder", None)
    assert orjson_encode({"a": [1, 2.5, "é", None, True], "b": Decimal("1.10")}) == (
        '{"a":[1,2.5,"é",null,true],"b":1.10}'.encode()
    )


def test_an_iterator_of_plain_rows_is_written_by_orjson_alone(monkeypatch):
    monkeypatch.setattr(json_encoding, "_default_encoder", None)
    assert orjson_encode(iter([{"a": 1}, {"a": 2}])) == b'[{"a":1},{"a":2}]'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda rows: {"rows": rows, "big": 2**64}, id="an integer beyond 64 bits after it"),
        pytest.param(lambda rows: {"rows": rows, 1: 1}, id="an odd key after it"),
        pytest.param(lambda rows: [{1: 1}, rows], id="an odd key before it"),
        pytest.param(lambda rows: (item for item in [rows, 2**64]), id="an iterator around it"),
    ],
)
def test_nothing_of_an_iterator_is_lost_on_the_way_back_from_orjson(content: Callable[[Any], Any]):
    assert b"[1,2,3]" in orjson_encode(content(iter([1, 2, 3])))


def failing(error: BaseException) -> object:
    class Failing:
        def for_json(self) -> object:
            raise error

    return Failing()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyError("k"), id="an exception"),
        pytest.param(TypeError("t"), id="a TypeError"),
        pytest.param(Timeout(), id="a timeout of gevent"),
        pytest.param(KeyboardInterrupt(), id="Ctrl-C"),
    ],
)
def test_what_the_content_raises_comes_out_unchanged(error):
    with pytest.raises(type(error)) as caught:
        orjson_encode([failing(error)])
    assert caught.value is error


def test_without_orjson_only_the_call_fails(monkeypatch):
    monkeypatch.setitem(sys.modules, "orjson", None)
    monkeypatch.delitem(sys.modules, "wsgiresp._protocol.json_orjson")
    without = runpy.run_path(str(json_encoding.__file__), run_name="json_encoding_without_orjson")
    assert without["json_encoder"]().encode([1]) == b"[1]"
    with pytest.raises(ImportError, match=r"pip install wsgiresp\[orjson\]"):
        without["orjson_encode"]([1])
