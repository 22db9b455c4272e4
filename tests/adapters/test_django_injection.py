"""Views are given what their annotations ask for, and what they do to it is in the answer."""

from __future__ import annotations

import functools

import django_apps
import pytest
from django.http import HttpResponse
from django.urls import re_path
from django.views import View
from django_apps import OURS, asked, project

from wsgiresp import BackgroundTasks, Response
from wsgiresp.responses import JSONResponse, PlainTextResponse


def test_a_view_gets_the_objects_of_its_annotations():
    ran = []

    def view(request, number: int, response: Response, tasks: BackgroundTasks):
        response.status_code = 201
        response.set_cookie("a", "b")
        response.headers["Vary"] = "Accept"
        tasks.add_task(ran.append, number)
        return {"number": number}

    answer = asked({"<int:number>": view}, "/3")
    assert (answer.status_code, answer.json(), answer.cookies["a"].value) == (201, {"number": 3}, "b")
    assert (answer.headers["Vary"], ran) == ("Accept", [3])


@pytest.mark.parametrize(
    "native",
    [
        pytest.param(lambda: HttpResponse("a", status=202, headers={"Vary": "Cookie"}), id="that sets some itself"),
        pytest.param(lambda: HttpResponse("a", headers={"Vary": "Cookie"}), id="plain"),
    ],
)
def test_injected_objects_are_merged_into_djangos_response(native):
    ran = []

    def view(request, response: Response, tasks: BackgroundTasks):
        response.status_code = 201
        response.headers["X-A"] = "1"
        response.headers["Vary"] = "Accept"
        response.set_cookie("a", "b")
        response.set_cookie("c", "d")
        response.call_on_close(lambda: ran.append("closed"))
        tasks.add_task(ran.append, "task")
        return native()

    answer = asked(view)
    assert (answer.status_code, answer.reason_phrase, answer.headers["X-A"]) == (201, "Created", "1")
    assert (answer.headers["Vary"], sorted(answer.cookies)) == ("Cookie, Accept", ["a", "c"])
    assert ran == ["closed", "task"]


@pytest.mark.parametrize("returned", [{"a": 1}, JSONResponse({}), HttpResponse("a")], ids=lambda it: type(it).__name__)
def test_injected_objects_are_merged_once_with_the_middleware_twice(returned):
    ran = []

    def view(request, response: Response, tasks: BackgroundTasks):
        response.headers["X-A"] = "1"
        tasks.add_task(ran.append, 1)
        return returned

    answer = asked(view, middleware=[OURS, "django.middleware.common.CommonMiddleware", OURS])
    assert (answer.headers["X-A"], ran) == ("1", [1])


def test_an_unused_injected_object_changes_nothing():
    def injected(request, response: Response, tasks: BackgroundTasks):
        return HttpResponse("a", status=203, headers={"X-B": "2"})

    def plain(request):
        return HttpResponse("a", status=203, headers={"X-B": "2"})

    def answer(view):
        found = asked(view)
        return found.status_code, list(found.items()), found.content

    assert answer(injected) == answer(plain)


def test_an_injected_response_may_be_returned():
    def view(request, response: Response):
        response.body = b"a"
        response.status_code = 203
        return response

    answer = asked(view)
    assert (answer.status_code, answer.data) == (203, b"a")


class Methods(View):
    """A view of a class, with what it is given in each method."""

    def get(self, request, response: Response, word=""):
        response.headers["X-Method"] = "get"
        return {"word": word}

    def post(self, request, word=""):
        return PlainTextResponse("posted")


@pytest.mark.parametrize(
    ("method", "status", "header"), [("GET", 200, "get"), ("HEAD", 200, "get"), ("POST", 200, None), ("PUT", 405, None)]
)
def test_a_class_based_view_gets_injected_objects(method, status, header):
    answer = asked({"<word>": Methods.as_view()}, "/a", method=method)
    assert (answer.status_code, answer.headers.get("X-Method")) == (status, header)


def test_an_unknown_method_gets_a_405():
    assert asked(Methods.as_view(), method="BREW").status_code == 405


def test_positional_arguments_keep_their_positions():
    def view(request, word, response: Response):
        response.headers["X-A"] = "1"
        return {"word": word}

    with project(patterns=[re_path(r"^(\w+)$", view)]):
        answer = django_apps.Client().get("/abc")
    assert (answer.json(), answer.headers["X-A"]) == ({"word": "abc"}, "1")


def test_a_partial_is_a_view():
    def view(request, word, response: Response):
        response.headers["X-A"] = word
        return {}

    assert asked(functools.partial(view, word="a")).headers["X-A"] == "a"


def test_nothing_is_merged_if_a_middleware_answers_instead_of_the_view():
    def view(request, response: Response):
        raise AssertionError

    answer = asked(view, middleware=[OURS, "django_apps.Refusing"])
    assert answer.status_code == 403
