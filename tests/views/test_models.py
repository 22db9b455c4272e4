"""``response_model``: what comes out is what the model says, as FastAPI has it."""

from __future__ import annotations

import builtins
import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from responses.wsgi_calls import call
from typing_extensions import TypedDict

from wsgiresp._views.respond_with import respond_with
from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import HTMLResponse, JSONResponse, ORJSONResponse, Response, json_encoder


class User(BaseModel):
    name: str
    born: date | None = None


class StoredUser(User):
    password: str


class Cat(BaseModel):
    kind: str
    lives: int


class Dog(BaseModel):
    kind: str
    tricks: list[str]


class Renamed(BaseModel):
    unit_price: float = Field(alias="unitPrice")


@dataclass
class Point:
    x: int
    y: int = 0


class Row(TypedDict):
    number: int


class Record:
    """What a database would give: attributes, and more than the model has."""

    def __init__(self, **values):
        self.__dict__.update(values)


class PrettyResponse(JSONResponse):
    encoder = json_encoder(indent=1)


class XMLResponse(Response):
    media_type = "application/xml"

    def render(self, content):
        return f"<user name='{content['name']}'/>".encode()


def answered(model, returned, response_class=None):
    return call(respond_with(response_class, response_model=model)(lambda: returned)())


def document(model, returned, response_class=None):
    return json.loads(answered(model, returned, response_class).body)


@pytest.mark.parametrize(
    ("model", "returned", "expected"),
    [
        pytest.param(User, User(name="a"), {"name": "a", "born": None}, id="a model"),
        pytest.param(User, {"name": "a", "more": 1}, {"name": "a", "born": None}, id="a dict with more"),
        pytest.param(User, StoredUser(name="a", password="b"), {"name": "a", "born": None}, id="a model that has more"),
        pytest.param(
            User,
            Record(name="a", born=date(2000, 1, 2), password="b"),
            {"name": "a", "born": "2000-01-02"},
            id="an object with attributes",
        ),
        pytest.param(
            list[User],
            [StoredUser(name="a", password="b"), {"name": "c"}],
            [{"name": "a", "born": None}, {"name": "c", "born": None}],
            id="a list",
        ),
        pytest.param(list[int], (n for n in (1, 2)), [1, 2], id="a list of what is generated"),
        pytest.param(Cat | Dog, {"kind": "dog", "tricks": []}, {"kind": "dog", "tricks": []}, id="a union"),
        pytest.param(User | None, None, None, id="nothing, where that is allowed"),
        pytest.param(
            dict[str, Cat], {"a": {"kind": "cat", "lives": "9"}}, {"a": {"kind": "cat", "lives": 9}}, id="a mapping"
        ),
        pytest.param(Point, Point(1, 2), {"x": 1, "y": 2}, id="a dataclass"),
        pytest.param(Point, {"x": "1"}, {"x": 1, "y": 0}, id="a dict for a dataclass"),
        pytest.param(Row, {"number": 1, "more": 2}, {"number": 1}, id="a TypedDict"),
        pytest.param(Renamed, Renamed(unitPrice=1.5), {"unitPrice": 1.5}, id="names are those of the aliases"),
        pytest.param(int, "5", 5, id="a number"),
        pytest.param(tuple[int, int], (1, 200), [1, 200], id="a tuple that looks like Flask's"),
        pytest.param(Any, {"a": [Decimal("1.10")]}, {"a": ["1.10"]}, id="anything"),
    ],
)
@pytest.mark.parametrize("response_class", [None, JSONResponse, ORJSONResponse, PrettyResponse])
def test_the_answer_is_what_the_model_says(model, returned, expected, response_class):
    if not isinstance(returned, (dict, list, tuple, BaseModel, Point, Record, str, type(None))):
        returned = iter([1, 2])  # one for each case
    assert document(model, returned, response_class) == expected


@pytest.mark.parametrize(
    ("model", "returned", "place"),
    [
        pytest.param(User, {}, "name", id="a field that is missing"),
        pytest.param(User, None, "content", id="nothing"),
        pytest.param(list[int], [1, "b"], "1", id="an item of a list"),
    ],
)
def test_what_the_model_does_not_allow_is_an_error_of_the_view(model, returned, place):
    with pytest.raises(ResponseValidationError, match=place) as caught:
        answered(model, returned)
    assert not isinstance(caught.value, ValueError)
    assert len(caught.value.errors()) == 1


def test_plain_json_is_written_by_pydantic():
    assert answered(User, {"name": "ü"}).body == '{"name":"ü","born":null}'.encode()


def test_the_length_is_that_of_the_document():
    answer = answered(User, {"name": "ü"})
    assert answer.values("Content-Length") == [str(len(answer.body))]


def test_a_class_with_an_encoder_of_its_own_keeps_it():
    assert answered(User, {"name": "a"}, PrettyResponse).body == b'{\n "name": "a",\n "born": null\n}'


def test_a_class_with_a_render_of_its_own_gets_a_document():
    answer = answered(User, {"name": "a"}, XMLResponse)
    assert (answer.body, answer.values("Content-Type")) == (b"<user name='a'/>", ["application/xml"])


def test_a_class_for_text_takes_a_model_of_text():
    assert answered(str, "<p>", HTMLResponse).body == b"<p>"


def test_status_and_headers_are_kept():
    view = respond_with(status_code=201, headers={"X-A": "1"}, response_model=User)(lambda: {"name": "a"})
    answer = call(view())
    assert (answer.status, answer.values("X-A")) == ("201 Created", ["1"])


def test_a_response_passes_the_model_by():
    assert answered(User, JSONResponse({"more": 1})).body == b'{"more":1}'


@given(
    name=st.text(st.characters(codec="utf-8")),
    lives=st.integers(-(2**63), 2**63 - 1),
    moment=st.datetimes(timezones=st.just(UTC)),
)
def test_what_was_returned_is_read_back(name, lives, moment):
    class Visit(BaseModel):
        cat: Cat
        moment: datetime

    visit = Visit(cat=Cat(kind=name, lives=lives), moment=moment)
    assert Visit.model_validate_json(answered(Visit, visit).body) == visit


def test_without_pydantic_the_extra_is_named(monkeypatch):
    imported = builtins.__import__

    def without_pydantic(name, *args, **kwargs):
        if name == "pydantic":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "pydantic")
    monkeypatch.setattr(builtins, "__import__", without_pydantic)
    with pytest.raises(ImportError, match=r"wsgiresp\[pydantic\]"):
        respond_with(response_model=int)
