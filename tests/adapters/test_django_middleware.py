"""Django's own middleware and decorators on what we give them: each with every kind of view, sync and async."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from django.core.cache import cache
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators import cache as caching
from django.views.decorators import clickjacking, csrf, http, vary
from django.views.decorators.gzip import gzip_page
from django_apps import OURS, asked, asked_later
from django_middleware import HAS_CSP, MIDDLEWARE, ours_and

from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)

LONG = "a long text, again and again; " * 100


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("files") / "a.txt"
    found.write_text(LONG, "ascii")
    return found


@pytest.fixture(autouse=True)
def no_cache():
    cache.clear()
    yield
    cache.clear()
    translation.deactivate_all()


async def letters():
    yield LONG


KINDS = {
    "plain": lambda path: PlainTextResponse(LONG),
    "file": lambda path: FileResponse(path),
    "stream": lambda path: StreamingResponse(iter([LONG]), media_type="text/plain"),
    "asynchronous stream": lambda path: StreamingResponse(letters(), media_type="text/plain"),
    "events": lambda path: EventSourceResponse(iter([LONG])),
}
WAYS = ["sync", "async", "sync under ASGI", "async under ASGI"]


@pytest.fixture(params=WAYS)
def ask(request, path):
    """Return ``ask(kind, decorate, ...)``: the answer of a decorated view of that kind."""
    is_async, is_asgi = request.param.startswith("async"), request.param.endswith("ASGI")

    def asked_for(kind, decorate=lambda view: view, **options):
        def view(request):
            return KINDS[kind](path)

        async def view_later(request):
            await asyncio.sleep(0)
            return KINDS[kind](path)

        decorated = decorate(view_later if is_async else view)
        return asyncio.run(asked_later(decorated, **options)) if is_asgi else asked(decorated, **options)

    return asked_for


def body_of(answer):
    return gzip.decompress(answer.data) if answer.headers.get("Content-Encoding") == "gzip" else answer.data


DECORATORS = {
    "never_cache": (caching.never_cache, "Cache-Control", "no-store"),
    "cache_control": (caching.cache_control(private=True), "Cache-Control", "private"),
    "cache_page": (caching.cache_page(60), None, None),
    "vary_on_headers": (vary.vary_on_headers("X-A"), "Vary", "X-A"),
    "vary_on_cookie": (vary.vary_on_cookie, "Vary", "Cookie"),
    "condition": (http.condition(etag_func=lambda request: '"own"'), "ETag", '"'),
    "conditional_page": (http.conditional_page, None, None),
    "require_GET": (http.require_GET, None, None),
    "require_safe": (http.require_safe, None, None),
    "xframe_options_deny": (clickjacking.xframe_options_deny, "X-Frame-Options", "DENY"),
    "xframe_options_sameorigin": (clickjacking.xframe_options_sameorigin, "X-Frame-Options", "SAMEORIGIN"),
    "csrf_exempt": (csrf.csrf_exempt, None, None),
    "csrf_protect": (csrf.csrf_protect, None, None),
    "ensure_csrf_cookie": (csrf.ensure_csrf_cookie, "Vary", "Cookie"),
    "requires_csrf_token": (csrf.requires_csrf_token, None, None),
    "gzip_page": (gzip_page, None, None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DECORATORS)
def test_a_decorator_does_its_work(ask, kind, name):
    decorate, field, value = DECORATORS[name]
    answer = ask(kind, decorate)
    assert (answer.status_code, LONG.encode() in body_of(answer)) == (200, True)
    if field is not None:
        assert value in answer.headers[field]


SETTINGS = {"SECURE_CSP": {"default-src": ["'self'"]}, "USE_I18N": True}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MIDDLEWARE)
def test_a_middleware_does_its_work(ask, kind, name):
    headers = {"accept-encoding": "gzip", "accept-language": "de"}
    answer = ask(kind, middleware=ours_and(name), headers=headers, **SETTINGS)
    assert (answer.status_code, LONG.encode() in body_of(answer)) == (200, True)
    for field, value in MIDDLEWARE[name][1].items():
        assert answer.headers[field] == value


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_them_together_do_their_work(ask, kind):
    middleware = [*(ours_and(name)[0] for name in MIDDLEWARE), OURS]
    answer = ask(kind, middleware=middleware, headers={"accept-encoding": "gzip"}, **SETTINGS)
    assert (answer.status_code, LONG.encode() in body_of(answer)) == (200, True)
    assert answer.headers["X-Frame-Options"] == "DENY"


# What is special about some of them


@pytest.mark.parametrize("kind", ["plain", "file", "stream", "asynchronous stream"])
def test_a_compressible_response_is_compressed(ask, kind):
    answer = ask(kind, middleware=ours_and("GZipMiddleware"), headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == LONG.encode()


@pytest.mark.parametrize(
    ("kind", "headers"), [("events", {}), ("file", {"range": "bytes=0-999"})], ids=["events", "a part of a file"]
)
@pytest.mark.parametrize("how", ["middleware", "decorator"])
def test_a_response_that_must_not_be_compressed_is_not(ask, kind, headers, how):
    headers = {"accept-encoding": "gzip", **headers}
    if how == "middleware":
        answer = ask(kind, middleware=ours_and("GZipMiddleware"), headers=headers)
    else:
        answer = ask(kind, gzip_page, headers=headers)
    assert "Content-Encoding" not in answer.headers
    assert LONG[:1000].encode() in answer.data


def test_a_page_comes_from_the_cache():
    made = []

    @caching.cache_page(60)
    def view(request):
        made.append(1)
        response = JSONResponse(made)
        response.headers["X-A"] = "1"
        return response

    for _ in range(2):
        answer = asked(view)
        assert (answer.data, answer.headers["X-A"]) == (b"[1]", "1")
    assert made == [1]


def test_the_cache_of_a_middleware_keeps_a_response_with_cookies_and_tasks():
    ran = []

    def view(request):
        response = PlainTextResponse("a", background=BackgroundTask(ran.append, 1))
        response.set_cookie("a", "b", secure=True, partitioned=True)
        return response

    for _ in range(2):
        answer = asked(view, middleware=ours_and("CacheMiddleware"))
        assert (answer.data, answer.cookies["a"].value) == (b"a", "b")
        assert "Partitioned" in answer.cookies["a"].OutputString()
    assert ran == [1]


def test_a_stream_is_not_cached():
    view = caching.cache_page(60)(lambda request: StreamingResponse(iter(["a"])))
    assert [asked(view).data, asked(view).data] == [b"a", b"a"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_may_be_exempt_from_a_middleware(ask, kind):
    middleware = ours_and("XFrameOptionsMiddleware")
    assert "X-Frame-Options" not in ask(kind, clickjacking.xframe_options_exempt, middleware=middleware).headers


if HAS_CSP:
    from django.views.decorators.csp import csp_override

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_view_may_have_a_policy_of_its_own(ask, kind):
        decorate = csp_override({"img-src": ["'none'"]})
        middleware = ours_and("ContentSecurityPolicyMiddleware")
        answer = ask(kind, decorate, middleware=middleware, **SETTINGS)
        assert answer.headers["Content-Security-Policy"] == "img-src 'none'"


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_of_a_class_may_be_decorated(kind, path):
    @method_decorator(caching.never_cache, name="dispatch")
    class Decorated(View):
        def get(self, request):
            return KINDS[kind](path)

    answer = asked(Decorated.as_view())
    assert "no-store" in answer.headers["Cache-Control"]
    assert LONG.encode() in answer.data


def test_a_template_response_is_left_to_django():
    class Ready(SimpleTemplateResponse):
        @property
        def rendered_content(self):
            return "rendered"

    assert asked(lambda request: Ready("unused")).data == b"rendered"


class Contextual:
    """A middleware for responses of templates, as Django's documentation has them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_template_response(self, request, response):
        response.context_data["by"] = "a middleware"
        response.template_name = "other.html"
        response.add_post_render_callback(lambda made: made.headers.setdefault("X-A", "1"))
        return response


CONTEXTUAL = [f"{__name__}.Contextual", OURS]


def test_a_middleware_for_responses_of_templates_may_change_ours(ask):
    answer = ask("stream", middleware=CONTEXTUAL)
    assert (answer.headers["X-A"], answer.data) == ("1", LONG.encode())
    assert not hasattr(answer, "render")


def test_such_a_middleware_hides_no_error_of_a_view():
    def steps():
        raise LookupError("early")
        yield "a"

    with pytest.raises(LookupError, match="early"):
        asked(lambda request: StreamingResponse(steps()), middleware=CONTEXTUAL)
