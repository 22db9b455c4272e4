"""What would fail later is told at start-up, and by ``manage.py check``."""

from __future__ import annotations

import logging

import pytest
from asgiref.sync import sync_to_async
from django.apps import AppConfig
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import include, path
from django_apps import OURS, Urls, project
from gevent import monkey

from wsgiresp._runtime.process import PROCESS
from wsgiresp.adapters._django import checks as checks
from wsgiresp.adapters._django.settings import defaults
from wsgiresp.adapters.django import ResponseMiddleware, ResponsesConfig

COMMON = "django.middleware.common.CommonMiddleware"


def identities():
    return [message.id for message in checks.messages()]


@pytest.fixture
def patched(monkeypatch):
    """A process that gevent has patched, as far as it can be asked."""
    monkeypatch.setattr(monkey, "is_module_patched", lambda name: True)


@pytest.mark.parametrize(
    "middleware", [[OURS], [COMMON, OURS], [OURS, COMMON, OURS], [COMMON], []], ids=lambda listed: f"{len(listed)}"
)
def test_the_middleware_may_be_the_last(middleware):
    with project(middleware=middleware):
        assert identities() == []


def test_the_middleware_before_another_is_reported():
    with project(middleware=[OURS, COMMON]):
        assert identities() == ["wsgiresp.W001"]


class Own(ResponseMiddleware):
    """A subclass of a project."""


def test_a_subclass_of_the_middleware_is_recognized():
    with project(middleware=[f"{__name__}.Own", COMMON]):
        assert identities() == ["wsgiresp.W001"]


def test_middleware_that_cannot_be_imported_is_left_to_django():
    with project(middleware=["nowhere.Middleware", OURS]):
        assert identities() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param([], "must be a dict", id="no dict"),
        pytest.param({"DEFAULT": 1}, "no setting 'DEFAULT'", id="an unknown name"),
        pytest.param({"DEFAULT_RESPONSE_CLASS": "nowhere.Class"}, "cannot be imported", id="an unknown class"),
        pytest.param({"DEFAULT_RESPONSE_CLASS": "decimal.Decimal"}, "must be one of wsgiresp", id="another class"),
        pytest.param({"DEFAULT_RESPONSE_CLASS": 1}, "must be one of wsgiresp", id="no class"),
        pytest.param({"NAMESPACES": ["a"]}, "must be a dict", id="namespaces that are no dict"),
        pytest.param({"NAMESPACES": {"a": int}}, "'a' in WSGIRESP must be", id="another class for a namespace"),
    ],
)
def test_invalid_settings_are_reported_and_prevent_the_start(settings, message):
    with project(WSGIRESP=settings):
        (error,) = checks.messages()
        assert (error.id, message in error.msg) == ("wsgiresp.E001", True)
        with pytest.raises(ImproperlyConfigured, match=message):
            ResponseMiddleware(lambda request: None)


def test_invalid_settings_without_a_check_raise_an_error():
    with project(WSGIRESP={"DEFAULT": 1}), pytest.raises(TypeError, match="no setting 'DEFAULT'"):
        defaults()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"DEFAULT_RESPONSE_CLASS": None},
        {"DEFAULT_RESPONSE_CLASS": "wsgiresp.responses.HTMLResponse"},
        {"NAMESPACES": {"a": None}},
    ],
    ids=repr,
)
def test_valid_settings_are_not_reported(settings):
    with project(WSGIRESP=settings):
        assert identities() == []


async def late(request):
    raise AssertionError


def early(request):
    raise AssertionError


@pytest.mark.usefixtures("patched")
def test_async_views_under_gevent_are_named_unless_the_middleware_calls_them():
    patterns = [path("early", early), path("a/", include([path("late", late)]))]
    with project(patterns=patterns, middleware=[OURS, COMMON]):
        _, warning = checks.messages()
    assert (warning.id, f"{__name__}.late" in warning.msg) == ("wsgiresp.W003", True)
    with project(patterns=patterns):
        assert identities() == []


@pytest.mark.usefixtures("patched")
def test_urls_that_cannot_be_imported_are_left_to_django():
    with override_settings(ROOT_URLCONF="nowhere.urls", MIDDLEWARE=[OURS, COMMON]):
        assert identities() == ["wsgiresp.W001"]


def test_async_views_without_gevent_are_not_reported():
    with project(late):
        assert identities() == []


class AsyncAlone:
    """A middleware that is asynchronous alone."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response):
        self.get_response = get_response

    async def __call__(self, request):
        return await sync_to_async(self.get_response)(request)


@pytest.mark.usefixtures("patched")
def test_async_only_middleware_is_reported_under_gevent():
    with project(middleware=[f"{__name__}.AsyncAlone", OURS]):
        assert identities() == ["wsgiresp.W002"]


def test_a_warning_is_logged_once_at_the_start(caplog, monkeypatch):
    monkeypatch.setattr(PROCESS, "told", set())
    with project(middleware=[OURS, COMMON]), caplog.at_level(logging.WARNING, "wsgiresp"):
        ResponseMiddleware(lambda request: None)
        ResponseMiddleware(lambda request: None)
    assert caplog.text.count("wsgiresp.W001") == 1


def test_the_app_registers_the_checks():
    config = AppConfig.create("wsgiresp.adapters.django.ResponsesConfig")
    assert (type(config), config.label) == (ResponsesConfig, "wsgiresp")
    config.ready()
    with override_settings(ROOT_URLCONF=Urls(), MIDDLEWARE=[OURS, COMMON]):
        assert "wsgiresp.W001" in [message.id for message in run_checks(tags=["wsgiresp"])]
