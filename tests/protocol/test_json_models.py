from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import BaseModel, Field

from wsgiresp._protocol.json_encoding import json_encoder


class Model(BaseModel):
    name: str
    at: datetime
    price: Decimal
    score: float = 0.0


class Renamed(BaseModel):
    unit_price: int = Field(alias="unitPrice")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            Model(name="a", at=datetime(2024, 1, 1, tzinfo=UTC), price=Decimal("1.10"), score=float("nan")),
            '{"name":"a","at":"2024-01-01T00:00:00Z","price":"1.10","score":null}',
            id="a model",
        ),
        pytest.param([Renamed(unitPrice=1)], '[{"unitPrice":1}]', id="a model by its aliases"),
    ],
)
def test_a_model_becomes(content, text):
    assert json_encoder().encode(content) == text.encode()
