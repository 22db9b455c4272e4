"""A folder as a site: its mount point, redirects to a slash, and the page for what is not found."""

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
from wsgiresp.responses import PlainTextResponse


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


@pytest.mark.parametrize("wrong", ["", "/index.html", "../secret", "a/../../secret", "a\x00"])
def test_an_index_that_leads_out_of_the_folder_is_refused_at_once(folder, wrong):
    with pytest.raises(ValueError, match="index must be a path beneath root"):
        serve_files(folder, index=wrong)


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
            "HTTP_RANGE": TEXTS,
            "HTTP_IF_NONE_MATCH": TEXTS,
        },
    ),
)
def test_any_request_has_an_answer_from_this_folder_and_this_host(site, method, request):
    answer = call(site, method, **request)
    assert answer.status[:3] in {"200", "206", "304", "307", "404", "414", "416"}
    assert b"secret" not in answer.body
    assert all(resolve(location, HERE) == HERE for location in answer.values("Location"))
