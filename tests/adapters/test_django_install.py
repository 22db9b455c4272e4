"""What the import of Django's adapter changes in its process, and that it does so once."""

from __future__ import annotations

import django_apps  # noqa: F401 - it configures Django
from django.http import HttpResponse
from django.utils.functional import lazystr

from wsgiresp._protocol import json_types
from wsgiresp._views import coercion
from wsgiresp.adapters import django as adapter
from wsgiresp.responses import JSONResponse, PlainTextResponse


def state():
    """The registries that the adapter fills."""
    return list(coercion._answers), list(coercion._finders), list(json_types._BY_BASE)


def test_a_response_of_djangos_is_an_answer():
    assert coercion.is_answer(HttpResponse())


def test_lazy_text_is_encoded_as_json():
    assert JSONResponse([lazystr("text")]).body == b'["text"]'


def test_our_responses_have_the_methods_that_decorators_call():
    response = PlainTextResponse("text")
    response["X-Shop"] = "7"
    assert response.has_header("x-shop")


def test_a_second_install_changes_nothing():
    before = state()
    adapter.install()
    assert state() == before
