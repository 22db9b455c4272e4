"""A folder as a site: its mount point, redirects to a slash, the routes of a single page, the page for what is not."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.url_resolver import HERE, resolve
from responses.wsgi_calls import call, environ
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from wsgiresp import XAccelRedirect, serve_files
from wsgiresp._files import beneath_root
from wsgiresp.responses import PlainTextResponse

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    outside = tmp_path_factory.mktemp("site")
    root = outside / "files"
    for name in ("index.html", "app.html", "404.html", "app.js", "LICENSE", "blog/index.html", "blog/404.html"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "empty").mkdir()
    (outside / "secret").write_text("secret")
    (root / "out").symlink_to(outside)
    (root / "linked").symlink_to(outside / "secret")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture(scope="module")
def site(folder):
    return serve_files(folder, index="index.html")


@pytest.fixture(scope="module")
def app(folder):
    return serve_files(folder, index="index.html", fallback="app.html")


# The mount point. Starlette issue 1808 and Litestar issue 354: it was a 404; Connect issue 445: no redirect.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("query", "location"), [("", "/manual/"), ("a=b&c=%20", "/manual/?a=b&c=%20")])
def test_the_mount_point_is_redirected_to_its_slash(site, method, query, location):
    client = Client(DispatcherMiddleware(PlainTextResponse("-"), {"/manual": site}))
    answer = client.open("/manual", method=method, query_string=query)
    assert (answer.status_code, answer.headers["Location"]) == (307, location)
    assert client.get(location).text == "index.html"


def test_the_links_of_a_page_at_a_mount_point_lead_into_the_folder(site):
    client = Client(DispatcherMiddleware(PlainTextResponse("-"), {"/manual": site}))
    assert client.get("/manual", follow_redirects=True).request.path == "/manual/"


def test_an_empty_path_without_a_mount_is_the_root(site):
    # A redirect would lead to where the client has come from.
    assert call(site, PATH_INFO="", SCRIPT_NAME="").body == b"index.html"
    assert call(site, PATH_INFO="", SCRIPT_NAME="/").body == b"index.html"


def test_an_absent_path_is_an_empty_one(site):
    # PEP 3333, "environ Variables": PATH_INFO may be absent where it is empty.
    without_path = {name: value for name, value in environ(SCRIPT_NAME="/manual").items() if name != "PATH_INFO"}
    assert call(lambda _, start_response: site(without_path, start_response)).values("Location") == ["/manual/"]


def test_a_mount_point_without_an_index_is_not_found(folder):
    assert call(serve_files(folder), PATH_INFO="", SCRIPT_NAME="/manual").status == "404 Not Found"


def test_the_mount_point_of_an_application_is_redirected_to_its_slash(folder):
    app = serve_files(folder, fallback="app.html")
    assert call(app, PATH_INFO="", SCRIPT_NAME="/app").values("Location") == ["/app/"]
    assert call(app, PATH_INFO="/", SCRIPT_NAME="/app").body == b"app.html"
    assert call(app, PATH_INFO="/", SCRIPT_NAME="/app", HTTP_ACCEPT="application/json").status == "404 Not Found"


# Redirects.


def test_a_folder_is_redirected_even_if_there_is_no_page_in_it(site):
    # As nginx and Apache do: whether there is one is told at the slash.
    assert call(site, PATH_INFO="/empty").values("Location") == ["/empty/"]
    assert call(site, PATH_INFO="/empty/").status == "404 Not Found"


def test_the_page_of_a_folder_is_served_by_its_name_too(site):
    assert call(site, PATH_INFO="/blog/index.html").body == b"blog/index.html"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["q" * 30_000, "<" * 6000])
def test_a_query_that_is_too_long_for_a_redirect_is_a_414(site, method, query):
    answer = call(site, method, PATH_INFO="/blog", QUERY_STRING=query)
    assert (answer.status, answer.values("Location")) == ("414 URI Too Long", [])
    assert answer.body == (b"URI Too Long" if method == "GET" else b"")
    assert call(site, PATH_INFO="/blog/", QUERY_STRING=query).status == "200 OK"


@pytest.mark.parametrize("path", ["/blog", ""])
def test_a_mount_that_looks_like_a_host_is_no_redirect_to_one(site, path):
    # serve-static issue 26: "//www.google.com/%2e%2e" led to Google.
    (location,) = call(site, SCRIPT_NAME="//evil.example", PATH_INFO=path).values("Location")
    assert resolve(location, HERE) == HERE


# A fallback. Starlette pull requests 2117 and 2591 asked for one.


@pytest.mark.parametrize("path", ["/team", "/team/7", "/team/", "/v1.2/team", "/empty/", "/" + "n" * 300])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_fallback_is_the_page_of_an_unknown_route(app, path, method):
    answer = call(app, method, PATH_INFO=path, HTTP_ACCEPT=PAGE)
    assert (answer.status, answer.values("Content-Type")) == ("200 OK", ["text/html; charset=utf-8"])
    assert answer.body == (b"app.html" if method == "GET" else b"")


@pytest.mark.parametrize("path", ["/", "/index.html", "/app.js", "/LICENSE", "/blog/"])
def test_a_file_comes_before_the_fallback(app, site, path):
    assert call(app, PATH_INFO=path, HTTP_ACCEPT=PAGE).body == call(site, PATH_INFO=path).body


def test_a_folder_is_redirected_before_the_fallback(app):
    assert call(app, PATH_INFO="/blog", HTTP_ACCEPT=PAGE).values("Location") == ["/blog/"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/team.png", id="a name with an ending"),
        pytest.param("/assets/app.4f3a.js", id="a script that was deployed away"),
        pytest.param("/secrets/.env", id="clawbolt issue 1000: a hidden file"),
        pytest.param("/.well-known/oauth-authorization-server", id="familiar pull request 125: a well-known address"),
        pytest.param("/../secret", id="above"),
        pytest.param("/sub/../../secret", id="down and above"),
        pytest.param("//etc/passwd", id="absolute"),
        pytest.param("/a\x00", id="a NUL"),
        pytest.param("/\u20ac", id="no latin-1"),
    ],
)
def test_a_path_that_is_no_route_gets_no_fallback(app, path):
    assert call(app, PATH_INFO=path, HTTP_ACCEPT=PAGE).status == "404 Not Found"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"HTTP_ACCEPT": "application/json"}, id="longlink pull request 478: JSON"),
        pytest.param({"HTTP_ACCEPT": "*/*", "HTTP_SEC_FETCH_MODE": "cors"}, id="fetch() of a script"),
        pytest.param({"HTTP_ACCEPT": "text/html;q=0"}, id="HTML refused"),
    ],
)
def test_a_client_that_wants_no_page_gets_no_fallback(app, fields):
    answer = call(app, PATH_INFO="/api/typo", **fields)
    assert (answer.status, answer.values("Vary")) == ("404 Not Found", ["Accept, Sec-Fetch-Mode"])


@pytest.mark.parametrize("path", ["/linked", "/out/secret", "/pipe", "/LICENSE/"])
def test_what_must_not_be_served_is_answered_like_what_is_not_there(app, path):
    assert call(app, PATH_INFO=path).body == call(app, PATH_INFO="/none").body == b"app.html"


def test_a_file_that_must_not_be_read_is_answered_like_what_is_not_there(app, folder, monkeypatch):
    real = os.open

    def forbid(path, flags, *rest, **more):
        if path == "LICENSE":
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(beneath_root, "openat2", lambda *arguments: -1)
    monkeypatch.setattr(os, "open", forbid)
    assert call(app, PATH_INFO="/LICENSE").body == b"app.html"


def test_another_method_gets_no_fallback(app):
    assert call(app, "POST", PATH_INFO="/team").status == "405 Method Not Allowed"


def test_the_fallback_has_the_validators_of_its_file(app):
    whole = call(app, PATH_INFO="/team/7")
    assert whole.values("ETag") == call(app, PATH_INFO="/app.html").values("ETag") != []
    again = call(app, PATH_INFO="/team/8", HTTP_IF_NONE_MATCH=whole.values("ETag")[0])
    assert (again.status, again.values("Vary")) == ("304 Not Modified", ["Accept, Sec-Fetch-Mode"])


@pytest.mark.parametrize("max_age", [None, 3600, "immutable", lambda path: "immutable"])
def test_the_fallback_is_never_fresh(folder, max_age):
    app = serve_files(folder, index="index.html", fallback="app.html", max_age=max_age)
    assert call(app, PATH_INFO="/assets/gone").values("Cache-Control") == ["no-cache"]


def test_a_given_field_wins_over_the_no_cache_of_the_fallback(folder):
    app = serve_files(folder, fallback="app.html", headers={"Cache-Control": "no-store", "Vary": "Origin"})
    answer = call(app, PATH_INFO="/team")
    assert answer.values("Cache-Control") == ["no-store"]
    assert answer.values("Vary") == ["Origin", "Accept, Sec-Fetch-Mode"]


def test_a_fallback_may_be_sent_by_the_server_in_front(folder):
    app = serve_files(folder, fallback="blog/index.html", offload=XAccelRedirect("/p/", folder))
    assert call(app, PATH_INFO="/team").values("X-Accel-Redirect") == ["/p/blog/index.html"]


def test_a_fallback_that_was_removed_is_a_404(tmp_path):
    (tmp_path / "app.html").write_text("-")
    app = serve_files(tmp_path, fallback="app.html")
    (tmp_path / "app.html").unlink()
    answer = call(app, PATH_INFO="/team")
    assert (answer.status, answer.body) == ("404 Not Found", b"Not Found")
    assert answer.values("Vary") == ["Accept, Sec-Fetch-Mode"]


@pytest.mark.parametrize("argument", ["index", "fallback"])
@pytest.mark.parametrize("wrong", ["", "/index.html", "../secret", "a/../../secret", "a\x00"])
def test_a_name_that_leads_out_of_the_folder_is_refused_at_once(folder, argument, wrong):
    with pytest.raises(ValueError, match=f"{argument} must be a path beneath root"):
        serve_files(folder, **{argument: wrong})


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("none.html", FileNotFoundError),
        ("linked", FileNotFoundError),
        ("blog", IsADirectoryError),
        ("pipe", ValueError),
    ],
)
def test_a_fallback_that_is_no_file_is_refused_at_once(folder, name, error):
    with pytest.raises(error):
        serve_files(folder, fallback=name)


# The page for what is not found.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/none", "/none.js", "/blog/none", "/empty/", "/../secret", "/pipe"])
def test_a_page_at_the_root_is_the_body_of_a_404(site, path, method):
    answer = call(site, method, PATH_INFO=path)
    assert (answer.status, answer.body) == ("404 Not Found", b"404.html" if method == "GET" else b"")
    assert answer.values("Content-Type") == ["text/html; charset=utf-8"]
    assert answer.values("Content-Length") == ["8"]


def test_the_page_for_what_is_not_found_has_no_ranges_and_no_conditions(site):
    answer = call(site, PATH_INFO="/none", HTTP_RANGE="bytes=0-0", HTTP_IF_NONE_MATCH="*")
    assert (answer.status, answer.body) == ("404 Not Found", b"404.html")
    assert [answer.values(name) for name in ("ETag", "Last-Modified", "Accept-Ranges", "Content-Range")] == [[]] * 4


def test_a_folder_without_an_index_has_a_plain_404(folder):
    answer = call(serve_files(folder), PATH_INFO="/none")
    assert (answer.status, answer.body) == ("404 Not Found", b"Not Found")
    assert answer.values("Content-Type") == ["text/plain; charset=utf-8"]


@pytest.mark.parametrize("kind", ["nothing", "a folder", "a link that leads out", "a pipe"])
def test_a_page_that_cannot_be_sent_leaves_a_plain_404(tmp_path, kind):
    root = tmp_path / "root"
    page = root / "404.html"
    (page if kind == "a folder" else root).mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    if kind == "a link that leads out":
        page.symlink_to(tmp_path / "secret")
    if kind == "a pipe":
        os.mkfifo(page)
    answer = call(serve_files(root, index="index.html"), PATH_INFO="/none")
    assert (answer.status, answer.body) == ("404 Not Found", b"Not Found")


def test_this_server_sends_the_page_for_what_is_not_found(folder):
    # nginx would make a 200 of the status.
    site = serve_files(folder, index="index.html", offload=XAccelRedirect("/p/", folder))
    answer = call(site, PATH_INFO="/none")
    assert (answer.body, answer.values("X-Accel-Redirect")) == (b"404.html", [])


# SvelteKit issue 9393, Next.js pull request 5146, Yari issue 2037: the 404 of a script that was being deployed was
# cached for as long as the script would have been.


@pytest.mark.parametrize("index", [None, "index.html"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_age": "immutable"},
        {"headers": {"Cache-Control": "max-age=31536000", "Expires": "Thu, 01 Jan 2037 00:00:00 GMT", "ETag": '"1"'}},
    ],
)
def test_a_404_is_never_fresh(folder, index, options):
    answer = call(serve_files(folder, index=index, **options), PATH_INFO="/none.js")
    assert answer.values("Cache-Control") == ["no-cache"]
    assert answer.values("Expires") == answer.values("ETag") == []


def test_the_page_for_what_is_not_found_has_the_other_fields_of_files(folder):
    site = serve_files(folder, index="index.html", headers={"Content-Security-Policy": "default-src 'self'"})
    assert call(site, PATH_INFO="/none").values("Content-Security-Policy") == ["default-src 'self'"]


def test_a_fallback_comes_before_the_page_for_what_is_not_found(app):
    assert call(app, PATH_INFO="/none").body == b"app.html"
    assert call(app, PATH_INFO="/none.js").body == b"404.html"


TEXTS = st.one_of(
    st.lists(
        st.sampled_from(["/", "//", "\\", "..", ".", "blog", "empty", "out", "linked", "secret", ":", "\0"]), max_size=6
    ).map("".join),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
)


@given(
    method=st.sampled_from(["GET", "HEAD"]),
    request=st.fixed_dictionaries(
        {"PATH_INFO": TEXTS},
        optional={
            "SCRIPT_NAME": TEXTS,
            "QUERY_STRING": TEXTS,
            "HTTP_ACCEPT": TEXTS,
            "HTTP_SEC_FETCH_MODE": TEXTS,
            "HTTP_RANGE": TEXTS,
            "HTTP_IF_NONE_MATCH": TEXTS,
        },
    ),
)
def test_any_request_has_an_answer_from_this_folder_and_this_host(app, method, request):
    answer = call(app, method, **request)
    assert answer.status[:3] in {"200", "206", "304", "307", "404", "414", "416"}
    assert b"secret" not in answer.body
    assert all(resolve(location, HERE) == HERE for location in answer.values("Location"))
