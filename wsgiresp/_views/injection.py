"""Injection: a view gets a ``Response`` or ``BackgroundTasks`` for each parameter annotated so, as in FastAPI."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from wsgiresp.responses import BackgroundTasks, Response

MARK = "_wsgiresp_injects"
"""The attribute of a view that sees to its own parameters; ``functools.wraps`` hands it on."""

# annotationlib.Format.FORWARDREF: a name under TYPE_CHECKING must not keep the other parameters from being read.
_FORMAT: dict[str, Any] = {"annotation_format": 3} if sys.version_info >= (3, 14) else {}


class InjectedResponse(Response):
    """What a parameter annotated ``Response`` gets: what is set on it becomes part of the answer.

    It has no fields until somebody sets one, and no status: its :attr:`chosen_status` is None.
    """

    chosen_status: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.headers = []

    def _clean_status(self, value: Any) -> tuple[str, int]:
        line, code = super()._clean_status(value)
        self.chosen_status = line
        return line, code


class Injected:
    """What one call of a view is given: :attr:`arguments` by their names, one response and one list of tasks."""

    __slots__ = ("arguments", "response", "tasks")

    def __init__(self, kinds: Mapping[str, type]) -> None:
        self.response = InjectedResponse() if Response in kinds.values() else None
        self.tasks = BackgroundTasks() if BackgroundTasks in kinds.values() else None
        self.arguments = {name: self.response if kind is Response else self.tasks for name, kind in kinds.items()}


class _Parameter(NamedTuple):
    name: str
    kind: type  # Response or BackgroundTasks
    position: int | None  # None: by its name only


class Plan:
    """The parameters of one view that get something; without any it is false."""

    __slots__ = ("_parameters",)

    def __init__(self, parameters: list[_Parameter]) -> None:
        self._parameters = parameters

    def __bool__(self) -> bool:
        return bool(self._parameters)

    def injected(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Injected:
        """Create the objects for the view's parameters, except for those that *args* and *kwargs* fill already."""
        return Injected(
            {
                name: kind
                for name, kind, position in self._parameters
                if name not in kwargs and (position is None or position >= len(args))
            }
        )


def plan(view: Any) -> Plan:
    """Return the parameters of *view* that are injected. *view*: any callable, which may be decorated.

    An annotation counts as ``Response``, ``Response | None``, ``Optional[Response]``, ``Annotated[Response, ...]``, as
    a subclass, and as text; one that cannot be evaluated counts for nothing.
    """
    layers = list(_layers(view))
    if any(hasattr(layer, MARK) for layer in layers):
        return Plan([])
    try:
        parameters = inspect.signature(view, **_FORMAT).parameters
    except (TypeError, ValueError):
        return Plan([])  # written in C
    scope = getattr(layers[-1], "__globals__", {})
    bound = {name for layer in layers if isinstance(layer, functools.partial) for name in layer.keywords}
    found: list[_Parameter] = []
    for position, parameter in enumerate(parameters.values()):
        if parameter.name in bound or parameter.kind not in _NAMED:
            continue
        kind = _kind(_evaluated(parameter.annotation, scope))
        if kind is not None:
            is_placed = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            found.append(_Parameter(parameter.name, kind, position if is_placed else None))
    return Plan(found)


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _layers(view: Any) -> Iterator[Any]:
    """Yield *view* and what is in it, down to the function that was written."""
    seen: list[Any] = []
    while view not in seen:
        seen.append(view)
        yield view
        if isinstance(view, functools.partial):
            view = view.func
        elif inspect.ismethod(view):
            view = view.__func__
        elif hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        elif not inspect.isroutine(view):
            view = type(view).__call__


def _evaluated(annotation: Any, scope: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, scope)["it"]
    except Exception:  # whatever the text does when it is evaluated, a name under TYPE_CHECKING above all
        return None


def _kind(annotation: Any) -> type | None:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Union or origin is types.UnionType:
        kinds = {_kind(each) for each in get_args(annotation) if each is not types.NoneType}
        return kinds.pop() if len(kinds) == 1 else None
    if isinstance(annotation, type):
        for kind in (Response, BackgroundTasks):
            if issubclass(annotation, kind):
                return kind
    return None
