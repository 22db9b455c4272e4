"""Options of the JSON encoder, one by one."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from protocol.json_samples import ID, Point

from wsgiresp._protocol.json_encoding import json_encoder


class TestDefault:
    def test_stands_in_for_what_has_no_form(self):
        assert json_encoder(default=str).encode([1j, {"a": b"b"}]) == b"""["1j",{"a":"b'b'"}]"""

    def test_is_not_asked_for_what_has_one(self):
        assert json_encoder(default=str).encode([{1}, Decimal("1.10"), iter([1])]) == b"[[1],1.10,[1]]"

    def test_may_return_what_needs_a_form(self):
        assert json_encoder(default=lambda value: {ID: value.real}).encode(1j) == f'{{"{ID}":0.0}}'.encode()

    def test_is_asked_once_for_each_value(self):
        asked = []

        def default(value: object) -> str:
            asked.append(value)
            return "x"

        json_encoder(default=default).encode([1j, {ID: 2j}, iter([3j])])
        assert asked == [1j, 2j, 3j]

    def test_that_raises_type_error_gets_the_path_said(self):
        def default(value: object) -> object:
            raise TypeError("unknown to me")

        with pytest.raises(TypeError, match=r"^Object of type complex at a\[0\] is not JSON serializable$") as caught:
            json_encoder(default=default).encode({"a": [1j]})
        assert str(caught.value.__cause__) == "unknown to me"

    def test_that_raises_otherwise_is_not_disguised(self):
        with pytest.raises(ZeroDivisionError):
            json_encoder(default=lambda value: 1 / 0).encode([object()])

    def test_that_returns_the_value_itself_is_circular(self):
        with pytest.raises(ValueError, match="Circular"):
            json_encoder(default=lambda value: value).encode(object())


class TestOptions:
    def test_indent_of_two(self):
        assert json_encoder(indent=2).encode({"a": [1, Point(2)], "b": {}}) == (
            b'{\n  "a": [\n    1,\n    {\n      "x": 2,\n      "_y": null\n    }\n  ],\n  "b": {}\n}'
        )

    def test_indent_by_a_tab(self):
        assert json_encoder(indent="\t").encode([1]) == b"[\n\t1\n]"

    def test_sorted_keys_of_many_types(self):
        content = {"b": 1, 2: iter([]), date(2024, 1, 1): 3, "a": 4}
        assert json_encoder(sort_keys=True).encode(content) == b'{"2":[],"2024-01-01":3,"a":4,"b":1}'

    def test_ascii_only(self):
        assert json_encoder(ensure_ascii=True).encode("é😀\ud800") == rb'"\u00e9\ud83d\ude00\ud800"'

    def test_separators(self):
        assert json_encoder(separators=(", ", ": ")).encode({"a": 1, "b": 2}) == b'{"a": 1, "b": 2}'

    def test_replace_leaves_the_first_encoder_as_it_is(self):
        first = json_encoder(sort_keys=True)
        second = first.replace(indent=0)
        assert (first.encode({"b": 1, "a": 2}), second.encode({"b": 1, "a": 2})) == (
            b'{"a":2,"b":1}',
            b'{\n"a": 2,\n"b": 1\n}',
        )

    def test_an_encoder_cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            json_encoder().indent = 2  # type: ignore[misc]

    def test_encoders_of_the_same_options_are_equal(self):
        assert json_encoder(indent=2) == json_encoder().replace(indent=2)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            pytest.param({"indent": -1}, ValueError, "indent must not be negative, got -1", id="indent below 0"),
            pytest.param(
                {"indent": "--"}, ValueError, "indent must be of blanks only, got '--'", id="a visible indent"
            ),
            pytest.param(
                {"separators": (";", ":")},
                ValueError,
                "separators must be a comma and a colon, blanks aside, got (';', ':')",
                id="separators that are not JSON's",
            ),
            pytest.param({"nan": "NaN"}, ValueError, 'nan must be "null" or "error", got \'NaN\'', id="nan"),
            pytest.param({"default": "str"}, TypeError, "default must be callable, got 'str'", id="default"),
        ],
    )
    @pytest.mark.parametrize("make", [json_encoder, json_encoder().replace], ids=["made", "replaced"])
    def test_a_bad_option_is_refused(self, make, options, error, message):
        with pytest.raises(error) as caught:
            make(**options)
        assert str(caught.value) == message
