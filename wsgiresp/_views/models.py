"""The model of what a view returns: pydantic validates it, leaves out what the model has not, and writes it."""

from __future__ import annotations

from typing import Any

from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import JSONResponse, ORJSONResponse, Response

_PLAIN_JSON = (JSONResponse.render, ORJSONResponse.render)


class Model:
    """A type that pydantic knows: a model, a list or a union of such, a dataclass, a TypedDict.

    Raises ``ImportError`` without pydantic, and pydantic's own error for a type that it does not know.
    """

    def __init__(self, kind: Any) -> None:
        try:
            from pydantic import TypeAdapter, ValidationError
        except ImportError:
            raise ImportError("response_model needs pydantic: pip install wsgiresp[pydantic]") from None
        self._adapter = TypeAdapter(kind)
        self._error = ValidationError

    def response(self, response_class: type[Response], returned: Any, arguments: dict[str, Any]) -> Response:
        """Return *returned* as a *response_class* made with *arguments*; plain JSON is written by pydantic itself.

        Raises ``ResponseValidationError``.
        """
        valid = self._valid(returned)
        if not _writes_plain_json(response_class):
            return response_class(self._adapter.dump_python(valid, mode="json", by_alias=True), **arguments)
        response = response_class(None, **arguments)
        response.body = self._adapter.dump_json(valid, by_alias=True)
        return response

    def item(self, yielded: Any) -> Any:
        """Return one item of a stream, validated, in JSON's own types. Raises ``ResponseValidationError``."""
        return self._adapter.dump_python(self._valid(yielded), mode="json", by_alias=True)

    def _valid(self, returned: Any) -> Any:
        try:
            # By attributes too: what comes from a database is an object of another class.
            return self._adapter.validate_python(returned, from_attributes=True)
        except self._error as error:
            raise ResponseValidationError(error.errors()) from error


def _writes_plain_json(response_class: type[Response]) -> bool:
    return (
        issubclass(response_class, JSONResponse)
        and response_class.render in _PLAIN_JSON
        and response_class.encoder is JSONResponse.encoder
    )
