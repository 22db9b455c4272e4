"""``help()`` of any public name is enough to use it."""

from __future__ import annotations

import inspect
import re

import pytest
from public_names import members, methods, parameters, public_names, times

CALLABLES = {name: value for name, value in public_names().items() if callable(value)}
CLASSES = {name: value for name, value in CALLABLES.items() if inspect.isclass(value)}
FUNCTIONS = {name: value for name, value in CALLABLES.items() if not inspect.isclass(value)}
# By their names in the source, so that what is inherited is asked once.
METHODS = {f.__qualname__: f for kind in CLASSES.values() for f in methods(kind).values()}
PROPERTIES = {
    f"{kind.__name__}.{name}": value
    for kind in CLASSES.values()
    for name, value in members(kind).items()
    if isinstance(value, property)
}

MENTION = re.compile(r"(?:\*|``)(\w+)(?:\*|``)")
RETURNS = re.compile(r"\b[Rr]eturns?\b|\b[Yy]ield\b|^(The|A|Whether|What|Answer)\b")
UNIT = re.compile(r"\b(seconds|milliseconds)\b")


def told(text):
    """Return what a docstring tells of each name that it mentions: the text from there to the next name."""
    found = {}
    mentions = [*MENTION.finditer(text)]
    ends = [mention.start() for mention in mentions[1:]] + [len(text)]
    for mention, end in zip(mentions, ends, strict=False):
        found[mention[1]] = found.get(mention[1], "") + text[mention.end() : end]
    return found


@pytest.mark.parametrize("public", CALLABLES.values(), ids=CALLABLES)
def test_a_public_name_has_words_of_its_own(public):
    assert public.__doc__.partition("\n")[0].endswith(".")


@pytest.mark.parametrize("public", CALLABLES.values(), ids=CALLABLES)
def test_the_words_of_a_public_name_tell_of_each_parameter(public):
    assert parameters(public).keys() - told(inspect.getdoc(public)).keys() == set()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_words_of_a_function_say_what_comes_back(function):
    if inspect.signature(function).return_annotation != "None":
        assert RETURNS.search(inspect.getdoc(function).partition("\n\n")[0])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_words_of_a_method_tell_of_each_parameter(method):
    assert parameters(method).keys() - told(inspect.getdoc(method)).keys() == set()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_words_of_a_method_say_what_comes_back(method):
    if inspect.signature(method).return_annotation != "None":
        assert RETURNS.search(inspect.getdoc(method).partition("\n\n")[0])


@pytest.mark.parametrize("public", PROPERTIES.values(), ids=PROPERTIES)
def test_a_property_has_words(public):
    assert public.__doc__


TIMED = {name: value for name, value in {**CALLABLES, **METHODS}.items() if times(value)}


@pytest.mark.parametrize("function", TIMED.values(), ids=TIMED)
def test_the_words_tell_the_unit_of_a_time(function):
    words = told(inspect.getdoc(function))
    assert [name for name in times(function) if not UNIT.search(words[name])] == []
