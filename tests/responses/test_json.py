"""Answers that are JSON documents; what the documents look like is told in tests/protocol."""

from __future__ import annotations

import json
from decimal import Decimal
from ipaddress import ip_address

import pytest
from pydantic import SecretStr
from responses.wsgi_calls import call
from werkzeug.local import LocalProxy

from wsgiresp.responses import (
    EventSourceResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    ServerSentEvent,
    UJSONResponse,
    json_encoder,
)


@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse, UJSONResponse])
def test_a_document(response_class):
    answer = call(response_class({"a": [1, None, "ä"]}, 201))
    assert answer.status == "201 Created"
    assert answer.body == '{"a":[1,null,"ä"]}'.encode()
    assert answer.headers == [("Content-Type", "application/json"), ("Content-Length", "19")]


@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse])
@pytest.mark.parametrize("content", [None, 0, "", [], {}, False])
def test_a_false_value_is_a_document_too(response_class, content):
    assert json.loads(call(response_class(content)).body) == content


@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse])
def test_the_digits_of_a_decimal_are_kept(response_class):
    assert call(response_class([Decimal("1.10")])).body == b"[1.10]"


@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse])
def test_an_unknown_type_is_named_with_its_place(response_class):
    with pytest.raises(TypeError, match=r"items\[1\]\.owner"):
        response_class({"items": [{}, {"owner": object()}]})


def test_a_subclass_may_have_its_own_encoder():
    class Pretty(JSONResponse):
        encoder = json_encoder(indent=2)

    assert call(Pretty({"a": 1})).body == b'{\n  "a": 1\n}'


def test_a_subclass_may_refuse_nan():
    class Strict(JSONResponse):
        nan = "error"

    assert call(JSONResponse([float("nan")])).body == b"[null]"
    with pytest.raises(ValueError, match=r"\[0\]"):
        Strict([float("nan")])


def test_both_may_be_chosen_at_once():
    class StrictAndPretty(JSONResponse):
        nan = "error"
        encoder = json_encoder(indent=1)

    assert call(StrictAndPretty([1])).body == b"[\n 1\n]"
    with pytest.raises(ValueError, match=r"\[0\]"):
        StrictAndPretty([float("inf")])


@pytest.mark.parametrize("base", [JSONResponse, ORJSONResponse])
def test_subclasses_inherit_the_options(base):
    class Strict(base):
        nan = "error"

    class StrictAndPretty(Strict):
        encoder = json_encoder(indent=1)

    for response_class in (Strict, StrictAndPretty):
        with pytest.raises(ValueError, match=r"\[0\]"):
            response_class([float("inf")])
    assert call(StrictAndPretty([1])).body == b"[\n 1\n]"


@pytest.mark.parametrize("base", [JSONResponse, ORJSONResponse])
def test_an_encoder_may_refuse_nan_itself(base):
    class Strict(base):
        encoder = json_encoder(nan="error")

    assert Strict.nan == "error"
    with pytest.raises(ValueError, match=r"\[0\]"):
        Strict([float("inf")])


def test_a_subclass_may_allow_what_its_base_refuses():
    class Strict(JSONResponse):
        nan = "error"

    class Lenient(Strict):
        nan = "null"

    assert call(Lenient([float("inf")])).body == b"[null]"


def test_without_orjson_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("wsgiresp._protocol.json_encoding.orjson_dumps", None)
    with pytest.raises(ImportError, match=r"wsgiresp\[orjson\]"):
        ORJSONResponse({})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(ip_address("203.0.113.4"), '"203.0.113.4"', id="an IP address"),
        pytest.param(SecretStr("secret"), '"**********"', id="a secret"),
        pytest.param(LocalProxy(lambda: 41), "41", id="a proxy of a number"),
        pytest.param(LocalProxy(lambda: [1]), "[1]", id="a proxy of a list"),
    ],
)
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(JSONResponse, id="JSONResponse"),
        pytest.param(ORJSONResponse, id="ORJSONResponse"),
        pytest.param(lambda value: JSONLinesResponse([value]), id="JSONLinesResponse"),
        pytest.param(lambda value: EventSourceResponse([value]), id="EventSourceResponse"),
        pytest.param(lambda value: EventSourceResponse([ServerSentEvent(data=value)]), id="ServerSentEvent"),
        pytest.param(lambda value: EventSourceResponse([{"data": value}]), id="a dict of the fields of an event"),
    ],
)
def test_each_class_writes_a_value_alike(sent, value, text):
    assert call(sent(value)).body.removeprefix(b": open\n").removeprefix(b"data: ").strip() == text.encode()
