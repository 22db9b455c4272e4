"""pydantic's models, and its URLs and secrets outside of models."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pydantic
import pydantic.v1
import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr, TypeAdapter

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode


class Model(BaseModel):
    name: str
    at: datetime
    price: Decimal
    score: float = 0.0


class Renamed(BaseModel):
    unit_price: int = Field(alias="unitPrice")


class Account(BaseModel):
    password: SecretStr
    key: SecretBytes
    home: pydantic.AnyHttpUrl


def made(kind: object, text: str) -> object:
    return TypeAdapter(kind).validate_python(text)


MASK = '"**********"'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            Model(name="a", at=datetime(2024, 1, 1, tzinfo=UTC), price=Decimal("1.10"), score=float("nan")),
            '{"name":"a","at":"2024-01-01T00:00:00Z","price":"1.10","score":null}',
            id="a model",
        ),
        pytest.param([Renamed(unitPrice=1)], '[{"unitPrice":1}]', id="a model by its aliases"),
        pytest.param(made(pydantic.AnyUrl, "ftp://a.example/b"), '"ftp://a.example/b"', id="a URL"),
        pytest.param(made(pydantic.AnyHttpUrl, "http://b.example/c"), '"http://b.example/c"', id="an HTTP URL"),
        pytest.param(
            made(pydantic.PostgresDsn, "postgres://a:1,b:2/c"), '"postgres://a:1,b:2/c"', id="a URL of several hosts"
        ),
        pytest.param(
            pydantic.v1.AnyUrl("ftp://a.example/b", scheme="ftp", host="a.example"),
            '"ftp://a.example/b"',
            id="a URL of version 1",
        ),
        pytest.param(SecretStr("abc"), MASK, id="a secret"),
        pytest.param(SecretStr(""), '""', id="an empty secret"),
        pytest.param(SecretBytes(b"abc"), MASK, id="secret bytes"),
        pytest.param(SecretBytes(b""), '""', id="no secret bytes"),
        pytest.param(pydantic.v1.SecretStr("abc"), MASK, id="a secret of version 1"),
        pytest.param(pydantic.v1.SecretBytes(b"abc"), MASK, id="secret bytes of version 1"),
    ],
)
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_a_value_of_pydantic_becomes(encode, content, text):
    assert encode(content) == text.encode()
    assert encode({"a": [content]}) == f'{{"a":[{text}]}}'.encode()


@pytest.mark.skipif(not hasattr(pydantic, "Secret"), reason="pydantic has Secret from 2.8 on")
class TestASecretOfAnyType:
    def test_is_masked(self):
        assert json_encoder().encode([pydantic.Secret[int](5), pydantic.Secret[bytes](b"abc")]) == (
            f"[{MASK},{MASK}]".encode()
        )

    def test_may_have_a_mask_of_its_own(self):
        class Birthday(pydantic.Secret[str]):
            def _display(self) -> str:
                return "****-**-**"

        assert json_encoder().encode(Birthday("2000-01-01")) == b'"****-**-**"'


def test_values_outside_of_a_model_are_written_as_in_one():
    account = Account(password="abc", key=b"abc", home="http://b.example/c")
    apart = {"password": account.password, "key": account.key, "home": account.home}
    assert json_encoder().encode(apart) == json_encoder().encode(account)


def test_a_secret_is_in_no_error_message():
    with pytest.raises(TypeError, match="keys must be") as caught:
        json_encoder().encode({SecretStr("abc"): 1})
    assert "abc" not in str(caught.value)
