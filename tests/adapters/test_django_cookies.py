"""Our cookies as Django's."""

from __future__ import annotations

import pickle
from http.cookies import SimpleCookie, _unquote

from django.test import RequestFactory
from django_apps import converted
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp.adapters._django.cookies import add_cookie
from wsgiresp.responses import Response


def cookies(response):
    return [cookie.OutputString() for cookie in converted(response).cookies.values()]


def test_cookies_are_those_of_django():
    response = Response()
    response.set_cookie("a", "b", max_age=60, httponly=True)
    morsel = converted(response).cookies["a"]
    assert (morsel.value, morsel["max-age"], morsel["path"], morsel["httponly"]) == ("b", 60, "/", True)


def test_a_signed_cookie_is_read_by_django():
    response = Response()
    response.set_signed_cookie("a", "b", salt="salt", httponly=True)
    (made,) = converted(response).cookies.values()
    request = RequestFactory().get("/", headers={"cookie": f"a={made.coded_value}"})
    assert (request.get_signed_cookie("a", salt="salt"), made["httponly"]) == ("b", True)


def test_a_partitioned_cookie_stays_partitioned():
    response = Response()
    response.set_cookie("a", "b", secure=True, partitioned=True)
    assert cookies(response) == ["a=b; Partitioned; Path=/; SameSite=Lax; Secure"]


def test_an_unknown_attribute_is_kept():
    assert cookies(Response(headers={"Set-Cookie": "a=b; Priority=High"})) == ["a=b; priority=High"]


def test_two_cookies_of_one_name_are_two():
    response = Response()
    response.set_cookie("a", "1", path="/x")
    response.set_cookie("a", "2", path="/y")
    response.set_cookie("a", "3", path="/z")
    assert [text.partition(";")[0] for text in cookies(response)] == ["a=1", "a=2", "a=3"]


def test_a_cookie_that_is_added_after_another_was_deleted_has_a_place_of_its_own():
    made = SimpleCookie()
    for value in "123":
        add_cookie(made, f"a={value}")
    del made[[*made][1]]
    add_cookie(made, "a=4")
    assert [cookie.value for cookie in made.values()] == ["1", "3", "4"]


@given(st.text('"\\\\017a ', max_size=12) | st.text('"\\\\017a ', max_size=12).map(lambda text: f'"{text}"'))
def test_a_value_is_read_as_the_standard_library_reads_it(value):
    made = SimpleCookie()
    add_cookie(made, f"a={value}")
    assert made["a"].value == _unquote(value.rstrip())


def test_a_cookie_that_middleware_changes_is_sent_as_changed():
    response = Response()
    response.set_cookie("a", "1", secure=True, partitioned=True)
    made = converted(response)
    made.set_cookie("a", "2", samesite="None")
    assert made.cookies["a"].OutputString() == "a=2; Partitioned; Path=/; SameSite=None; Secure"


def test_cookies_are_pickled():
    response = Response(headers=[("Set-Cookie", "a=b; Partitioned; Priority=High"), ("Set-Cookie", "a=c; Path=/x")])
    made = converted(response).cookies
    assert [each.OutputString() for each in pickle.loads(pickle.dumps(made)).values()] == cookies(response)


@given(
    value=st.text(max_size=20),
    options=st.fixed_dictionaries(
        {
            "max_age": st.none() | st.integers(-1, 10**9),
            "path": st.sampled_from(["/", "/a b", "/ü"]),
            "domain": st.sampled_from([None, "example.org"]),
            "httponly": st.booleans(),
            "samesite": st.sampled_from(["lax", "strict", None]),
            "partitioned": st.booleans(),
        }
    ),
)
def test_a_browser_gets_the_cookie_that_was_set(value, options):
    response = Response()
    response.set_cookie("name", value, secure=True, **options)
    (sent,) = cookies(response)

    def parsed(text):
        pair, *attributes = (part.strip() for part in text.split(";"))
        return pair, sorted(attribute.lower() for attribute in attributes)

    assert parsed(sent) == parsed(response.headers["Set-Cookie"])
