"""``WSGIRESP["AROUND"]``: around streamed content and background tasks, inside of what is Django's."""

from __future__ import annotations

import contextlib

import pytest
from around_recorders import SURROUNDED, Recorder
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django_apps import asked, asked_in_greenlet, asked_later, project, run
from runtime.runners import wait_until

from wsgiresp.adapters._django import checks
from wsgiresp.adapters._django.settings import around as around_of_settings
from wsgiresp.adapters.django import ResponseMiddleware
from wsgiresp.responses import BackgroundTask, JSONResponse, StreamingResponse

RECORDED = Recorder()


@pytest.fixture(autouse=True)
def recorded():
    yield RECORDED.words
    RECORDED.words.clear()
    translation.deactivate_all()


def around():
    return RECORDED.blocking()


def streaming(request):
    return StreamingResponse(RECORDED.chunks(), background=BackgroundTask(RECORDED.step, "task"))


def streaming_later(request):
    return StreamingResponse(RECORDED.async_chunks(), background=BackgroundTask(RECORDED.async_task))


@pytest.mark.parametrize("setting", [around, f"{__name__}.around"], ids=["a callable", "a dotted path"])
@pytest.mark.parametrize("ask", [asked, asked_in_greenlet])
def test_a_stream_and_its_task_are_inside(ask, setting, recorded):
    assert ask(streaming, WSGIRESP={"AROUND": setting}).data == b"chunk"
    wait_until(lambda: len(recorded) >= 6)
    assert recorded == SURROUNDED


@pytest.mark.parametrize("view", [streaming, streaming_later])
def test_under_asgi_they_are_inside_too(view, recorded):
    assert run(asked_later(view, WSGIRESP={"AROUND": around})).data == b"chunk"
    wait_until(lambda: len(recorded) >= 6)
    assert recorded == SURROUNDED


@pytest.mark.parametrize("ask", [asked, lambda *args, **options: run(asked_later(*args, **options))])
def test_asynchronous_content_takes_an_asynchronous_context_manager(ask, recorded):
    assert ask(streaming_later, WSGIRESP={"AROUND": RECORDED.asynchronous}).data == b"chunk"
    wait_until(lambda: len(recorded) >= 6)
    assert recorded == SURROUNDED


def test_the_task_of_a_known_body_is_inside(recorded):
    asked(
        lambda request: JSONResponse(1, background=BackgroundTask(RECORDED.step, "task")), WSGIRESP={"AROUND": around}
    )
    assert recorded == ["in", "task", "/in"]


def test_it_is_called_in_the_language_of_the_view():
    seen = []

    @contextlib.contextmanager
    def tell():
        seen.append(translation.get_language())
        yield

    def view(request):
        translation.activate("de")
        return StreamingResponse([b"a"], background=BackgroundTask(dict))

    asked(view, WSGIRESP={"AROUND": tell})
    assert seen == ["de", "de"]


def test_that_of_the_response_is_inside_of_it():
    words = []

    class Inner(StreamingResponse):
        around = Recorder("inner", words).blocking

    asked(lambda request: Inner(iter([b"a"])), WSGIRESP={"AROUND": Recorder("outer", words).blocking})
    assert words == ["outer", "inner", "/inner", "/outer"]


def test_none_is_nothing(recorded):
    assert asked(streaming, WSGIRESP={"AROUND": None}).data == b"chunk"
    assert recorded == ["chunk", "task"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        pytest.param(5, r"WSGIRESP\['AROUND'\] must be callable, got 5", id="a number"),
        pytest.param("nowhere.around", "cannot be imported", id="a module that does not exist"),
        pytest.param(f"{__name__}.nothing", "cannot be imported", id="a name that does not exist"),
        pytest.param("around", "cannot be imported", id="no dotted path"),
        pytest.param(f"{__name__}.RECORDED", "must be callable", id="the path of what is not callable"),
    ],
)
def test_an_invalid_setting_is_reported_and_prevents_the_start(setting, message):
    with project(WSGIRESP={"AROUND": setting}):
        (error,) = checks.messages()
        assert error.id == "wsgiresp.E001"
        with pytest.raises(ImproperlyConfigured, match=message):
            ResponseMiddleware(lambda request: None)
        with pytest.raises(ImproperlyConfigured, match=message):
            around_of_settings()


def test_settings_that_are_no_dict_have_nothing_around():
    with project(WSGIRESP=[]):
        assert around_of_settings() is None
