"""The views for errors, ``handler404`` and its like: Django calls them outside of what it does for other views."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from django_apps import OURS, Urls

from wsgiresp.adapters.django import django_view
from wsgiresp.responses import JSONResponse


def told(request, exception=None):
    return JSONResponse({"error": type(exception).__name__}, 499)


def answer(error, view=told, middleware=(OURS,)):
    """Return the answer of a project whose view raises *error*, with *view* for all errors."""

    def failing(request):
        raise error

    urls = Urls(path("", failing))
    urls.handler400 = urls.handler403 = urls.handler404 = urls.handler500 = view
    with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=list(middleware)):
        return Client(raise_request_exception=False).get("/")


@pytest.mark.parametrize(
    ("error", "name"),
    [(Http404(), "Http404"), (PermissionDenied(), "PermissionDenied"), (SuspiciousOperation(), "SuspiciousOperation")],
    ids=["not found", "forbidden", "a bad request"],
)
def test_a_view_for_an_error_returns_a_response(error, name):
    found = answer(error)
    assert (found.status_code, found.json()) == (499, {"error": name})


def test_the_view_for_a_failure_returns_a_response():
    found = answer(LookupError())
    assert (found.status_code, found.json()) == (499, {"error": "NoneType"})


def test_a_decorated_view_answers_for_a_middleware_that_fails():
    found = answer(LookupError(), django_view(told), middleware=["django_apps.Failing", OURS])
    assert (found.status_code, found.json()) == (499, {"error": "NoneType"})


def test_a_decorator_may_change_the_phrase():
    response = JSONResponse({}, 404)
    response.reason_phrase = "Gone Fishing"
    assert (response.status, response.reason_phrase) == ("404 Gone Fishing", "Gone Fishing")
