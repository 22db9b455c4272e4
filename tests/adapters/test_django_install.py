"""What the import of Django's adapter changes in its process, and that it does so once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import django_apps  # noqa: F401 - it configures Django
import pytest
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject, lazystr

from wsgiresp._protocol import json_types
from wsgiresp._views import coercion
from wsgiresp.adapters import django as adapter
from wsgiresp.responses import JSONResponse, ORJSONResponse, PlainTextResponse


def state():
    """The registries that the adapter fills."""
    return list(coercion._answers), list(coercion._finders), list(json_types._BY_BASE)


def test_a_response_of_djangos_is_an_answer():
    assert coercion.is_answer(HttpResponse())


def test_lazy_text_is_encoded_as_json():
    assert JSONResponse([lazystr("text")]).body == b'["text"]'


@pytest.mark.parametrize(
    ("value", "document"),
    [
        pytest.param(41, b"41", id="a number"),
        pytest.param(None, b"null", id="None"),
        pytest.param("text", b'"text"', id="text"),
        pytest.param([1], b"[1]", id="a list"),
        pytest.param({"a": 1}, b'{"a":1}', id="a dict"),
        pytest.param(Decimal("1.10"), b"1.10", id="a Decimal"),
        pytest.param(timedelta(1), b'"P1D"', id="a timedelta"),
    ],
)
@pytest.mark.parametrize("response_class", [JSONResponse, ORJSONResponse])
def test_a_lazy_object_is_what_it_stands_for(response_class, value, document):
    assert response_class(SimpleLazyObject(lambda: value)).body == document
    assert response_class([SimpleLazyObject(lambda: value)]).body == b"[" + document + b"]"


def test_what_a_lazy_object_stands_for_is_named_in_errors():
    with pytest.raises(TypeError, match=r"^Object of type object at user is not JSON serializable"):
        JSONResponse({"user": SimpleLazyObject(object)})


def test_our_responses_have_the_methods_that_decorators_call():
    response = PlainTextResponse("text")
    response["X-Shop"] = "7"
    assert response.has_header("x-shop")


def test_a_second_install_changes_nothing():
    before = state()
    adapter.install()
    assert state() == before
