"""Views of Django REST framework, which knows no responses but Django's, through a mixin."""

from __future__ import annotations

import pytest
from django.db import connections
from django_apps import OURS, asked
from rest_framework.exceptions import NotFound
from rest_framework.response import Response as FrameworksResponse
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from wsgiresp import BackgroundTasks, HTTPException, Response
from wsgiresp.adapters.django import ResponseMixin, to_django
from wsgiresp.responses import FileResponse, HTMLResponse, StreamingResponse

SETTINGS = {
    "REST_FRAMEWORK": {
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    }
}


def view_of(get, *bases):
    """Return a view of a class whose method for GET is *get*."""
    return type("Made", (ResponseMixin, *(bases or (APIView,))), {"get": get}).as_view()


def answered(get, middleware=(OURS,), **options):
    return asked(view_of(get), middleware=middleware, **SETTINGS, **options)


WITHOUT = pytest.mark.parametrize("middleware", [[], [OURS]], ids=["alone", "beside the middleware"])


@WITHOUT
@pytest.mark.parametrize(
    ("made", "status", "data"),
    [
        pytest.param(lambda: HTMLResponse("<p>", 201), 201, b"<p>", id="a response"),
        pytest.param(lambda: StreamingResponse(iter(["a", "b"])), 200, b"ab", id="a stream"),
        pytest.param(lambda: {"a": 1}, 200, b'{"a":1}', id="a document"),
        pytest.param(lambda: FrameworksResponse({"a": 1}, 202), 202, b'{"a":1}', id="the framework's own"),
    ],
)
def test_a_view_returns_a_response(middleware, made, status, data):
    answer = answered(lambda self, request: made(), middleware)
    assert (answer.status_code, answer.data if isinstance(answer.data, bytes) else answer.content) == (status, data)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_part_of_a_file_may_be_asked_for():
    answer = answered(lambda self, request: FileResponse(__file__), headers={"range": "bytes=0-2"})
    assert (answer.status_code, answer.data) == (206, b'"""')


@WITHOUT
@pytest.mark.parametrize(("error", "status"), [(HTTPException(409), 409), (NotFound(), 404)], ids=["ours", "its own"])
def test_an_exception_is_an_answer(middleware, error, status):
    def get(self, request):
        raise error

    assert answered(get, middleware).status_code == status


def test_a_view_gets_the_objects_of_its_annotations():
    ran = []

    def get(self, request, response: Response, tasks: BackgroundTasks):
        response.headers["X-A"] = "1"
        tasks.add_task(ran.append, 1)
        return FrameworksResponse({})

    assert (answered(get).headers["X-A"], ran) == ("1", [1])


def test_a_view_set_gets_injected_objects():
    class Set(ResponseMixin, ViewSet):
        def list(self, request, response: Response):
            response.headers["X-A"] = "1"
            return {}

    assert asked(Set.as_view({"get": "list"}), **SETTINGS).headers["X-A"] == "1"


def test_without_the_mixin_to_django_converts_a_response():
    class Plain(APIView):
        def get(self, request):
            return to_django(request, HTMLResponse("<p>"))

    assert asked(Plain.as_view(), **SETTINGS).content == b"<p>"


def test_an_exception_rolls_its_transaction_back():
    seen = []

    def get(self, request):
        seen.append(connections["default"])
        raise HTTPException(409)

    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    try:
        assert answered(get).status_code == 409
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False
        connections.close_all()
