"""Content that holds itself, or is nested without end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gevent
import pytest
from protocol.json_samples import ID, Point
from werkzeug.local import LocalProxy

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode


def nested(depth: int) -> Any:
    content: Any = 0
    for _ in range(depth):
        content = [content]
    return content


def circular_list() -> Any:
    content: list[Any] = []
    content.append(content)
    return content


def circular_dict() -> Any:
    content: dict[Any, Any] = {"a": []}
    content["a"].append({ID: content})
    return content


def circular_point() -> Any:
    content = Point(1)
    content.x = [content]
    return content


def circular_proxy() -> Any:
    proxy: Any = LocalProxy(lambda: proxy)
    return [proxy]


def circular_root() -> Any:
    [proxy] = circular_proxy()
    return proxy


class Ouroboros:
    def for_json(self) -> Ouroboros:
        return self


CIRCLES = [
    pytest.param(circular_list, id="a list in itself"),
    pytest.param(circular_dict, id="a dict in itself, with odd keys"),
    pytest.param(circular_point, id="a dataclass in itself"),
    pytest.param(Ouroboros, id="an object that stands for itself"),
    pytest.param(circular_proxy, id="a proxy that stands for itself"),
    pytest.param(circular_root, id="the same, as the content itself"),
    pytest.param(lambda: [Ouroboros(), iter([])], id="the same, next to an iterator"),
    pytest.param(lambda: nested(100_000), id="lists without end"),
    pytest.param(lambda: [nested(100_000), iter([])], id="lists without end, next to an iterator"),
]


@pytest.mark.parametrize("content", CIRCLES)
@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
class TestACircle:
    def test_is_a_value_error(self, content, encode):
        with pytest.raises(ValueError, match=r"^Circular reference detected, or content is nested too deeply"):
            encode(content())

    def test_is_a_value_error_in_a_thread(self, content, encode):
        with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="Circular"):
            pool.submit(encode, content()).result()

    def test_is_a_value_error_in_a_greenlet(self, content, encode):
        greenlet = gevent.spawn(encode, content())
        with pytest.raises(ValueError, match="Circular"):
            greenlet.get()


def test_a_hundred_levels_are_not_too_deep():
    assert json_encoder().encode([nested(100), iter([])]) == b"[" + b"[" * 100 + b"0" + b"]" * 100 + b",[]]"
