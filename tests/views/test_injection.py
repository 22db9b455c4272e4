"""Which parameters of which views get something, told from annotations alone."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import pytest

from wsgiresp._views.injection import plan
from wsgiresp._views.respond_with import respond_with
from wsgiresp.responses import BackgroundTasks, JSONResponse, Response

if TYPE_CHECKING:
    from wsgiresp.responses import Response as Unknown


def planned(view, *args, **kwargs):
    """Return the names of the parameters that get something, each with the class of what it gets."""
    injected = plan(view).injected(args, kwargs).arguments
    return {name: "tasks" if isinstance(one, BackgroundTasks) else "response" for name, one in injected.items()}


def annotated(annotation):
    def view(it): ...

    view.__annotations__ = {"it": annotation}
    return view


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        pytest.param(Response, "response", id="Response"),
        pytest.param(BackgroundTasks, "tasks", id="BackgroundTasks"),
        pytest.param(JSONResponse, "response", id="a subclass"),
        pytest.param(Response | None, "response", id="or None"),
        pytest.param(Optional[Response], "response", id="Optional"),  # noqa: UP045
        pytest.param(Union[None, BackgroundTasks], "tasks", id="Union"),  # noqa: UP007
        pytest.param(Annotated[Response, "words"], "response", id="Annotated"),
        pytest.param(Annotated[Response | None, "words"], "response", id="Annotated or None"),
        pytest.param("Response", "response", id="text"),
        pytest.param("Response | None", "response", id="text or None"),
        pytest.param("Annotated[BackgroundTasks, 1]", "tasks", id="text of Annotated"),
    ],
)
def test_an_annotation_asks_for_something(annotation, kind):
    assert planned(annotated(annotation)) == {"it": kind}


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(int, id="another class"),
        pytest.param(Any, id="Any"),
        pytest.param(list[Response], id="a list of responses"),
        pytest.param(type[Response], id="the class itself"),
        pytest.param(Response | BackgroundTasks, id="one or the other"),
        pytest.param(Response | int, id="or something else"),
        pytest.param("Unknown", id="a name for type checkers"),
        pytest.param("1 / 0", id="text that raises"),
        pytest.param("no python", id="text that is no Python"),
        pytest.param(Response(), id="an object"),
    ],
)
def test_an_annotation_asks_for_nothing(annotation):
    assert planned(annotated(annotation)) == {}


def test_an_annotation_that_nobody_can_evaluate_hides_no_other():
    def view(one: Unknown, response: Response): ...

    assert planned(view) == {"response": "response"}


def test_what_has_no_annotation_gets_nothing():
    assert planned(lambda response: None) == {}


def test_the_annotation_of_what_is_returned_is_none_of_a_parameter():
    def view() -> Response: ...

    assert not plan(view)


def test_each_kind_is_one_object():
    def view(a: Response, b: Response, c: BackgroundTasks, d: BackgroundTasks): ...

    injected = plan(view).injected((), {}).arguments
    assert injected["a"] is injected["b"]
    assert injected["c"] is injected["d"]


def test_two_calls_have_an_object_each():
    def view(response: Response): ...

    found = plan(view)
    assert found.injected((), {}).response is not found.injected((), {}).response


def test_a_parameter_with_a_default_gets_something():
    def view(response: Response = None): ...

    assert planned(view) == {"response": "response"}


def test_what_the_caller_gives_by_name_is_left_to_him():
    def view(response: Response, tasks: BackgroundTasks): ...

    assert planned(view, response=1) == {"tasks": "tasks"}


def test_what_the_caller_gives_by_place_is_left_to_him():
    def view(one, response: Response, *, tasks: BackgroundTasks): ...

    assert planned(view, 1, 2) == {"tasks": "tasks"}
    assert planned(view, 1) == {"response": "response", "tasks": "tasks"}


def test_what_has_no_name_to_give_it_by_gets_nothing():
    def view(first: Response, /, *more: Response, **named: Response): ...

    assert planned(view) == {}


class Pages:
    def page(self, response: Response): ...

    def __call__(self, tasks: BackgroundTasks): ...

    @staticmethod
    def fixed(response: Response): ...

    @classmethod
    def made(cls, response: Response): ...


def through_wraps(view):
    @functools.wraps(view)
    def wrapper(*args, **kwargs): ...

    return wrapper


def page(number: int, response: Response): ...


@pytest.mark.parametrize(
    ("view", "names"),
    [
        pytest.param(Pages().page, {"response"}, id="a method"),
        pytest.param(Pages.page, {"response"}, id="a method of no object"),
        pytest.param(Pages(), {"tasks"}, id="an object that can be called"),
        pytest.param(Pages.fixed, {"response"}, id="a static method"),
        pytest.param(Pages.made, {"response"}, id="a class method"),
        pytest.param(through_wraps(page), {"response"}, id="a decorated function"),
        pytest.param(through_wraps(through_wraps(page)), {"response"}, id="decorated twice"),
        pytest.param(functools.partial(page, 1), {"response"}, id="a partial"),
        pytest.param(functools.partial(through_wraps(page), 1), {"response"}, id="a partial of a decorated one"),
        pytest.param(functools.partial(page, response=1), set(), id="a partial that has it already"),
        pytest.param(functools.partial(page, 1, 2), set(), id="a partial that has it by place"),
        pytest.param(through_wraps(Pages().page), {"response"}, id="a decorated method"),
        pytest.param(print, set(), id="a function in C"),
        pytest.param(dict, set(), id="a class without a signature"),
        pytest.param("".join, set(), id="a method in C"),
        pytest.param(Pages, set(), id="a class"),
    ],
)
def test_a_view_may_be_any_callable(view, names):
    assert set(planned(view)) == names


def test_a_view_that_sees_to_itself_is_left_alone():
    assert not plan(respond_with()(page))


@pytest.mark.parametrize("more", [through_wraps, functools.partial])
def test_a_view_that_sees_to_itself_is_known_through_others(more):
    assert not plan(more(respond_with()(page)))
