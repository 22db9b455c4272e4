"""``JSONResponse``, ``ORJSONResponse`` and ``UJSONResponse``."""

from __future__ import annotations

from typing import Any, Literal

from wsgiresp._protocol.json_encoding import JSONEncoder, json_encoder, orjson_encode

from .base import Response
from .wrong_content import require_content


class JSONOptions:
    """How a class writes JSON, for its subclasses to say otherwise."""

    encoder: JSONEncoder = json_encoder()
    nan: Literal["null", "error"] = "null"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "nan" not in cls.__dict__ and cls.encoder.nan == "error":
            cls.nan = "error"  # what the encoder was told
        elif cls.encoder.nan != cls.nan:
            cls.encoder = cls.encoder.replace(nan=cls.nan)


class JSONResponse(JSONOptions, Response):
    """*content* as a JSON document (RFC 8259) in UTF-8, without blanks.

    Beyond JSON's own types it may hold: Decimal with all its digits, dates and times in ISO 8601, timedelta as an ISO
    8601 duration, UUID, IP addresses, Enum by its value, dataclasses, sets, paths, iterators as arrays, arrays and
    scalars of numpy and pandas, pydantic models, URLs and secrets (masked), objects with ``for_json()``, and proxies of
    all these. ``NaN``, infinities, ``NaT`` and ``NA`` become null; a subclass with ``nan = "error"`` refuses them. A
    subclass with ``encoder = json_encoder(indent=2)`` writes otherwise.

    *status_code*, *headers*, *media_type* (``application/json`` where it is not given) and *background* are as for
    :class:`Response`. Raises ``TypeError`` with type, path (``items[3].owner``) and cure for any other value, and
    ``ValueError`` for circular references.

    .. versionchanged:: 0.2
       Takes IP addresses, pydantic's URLs and secrets, ``NaT`` and ``NA``, every unit of numpy's times, and proxies.
    """

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        try:
            return self.encoder.encode(content)
        except TypeError:
            require_content(type(self).__name__, content)
            raise


class UJSONResponse(JSONResponse):
    """FastAPI's name for JSON through ujson, kept so that imports need not change: a JSONResponse.

    *content*, *status_code*, *headers*, *media_type* and *background* are as for :class:`JSONResponse`.
    """


class ORJSONResponse(JSONResponse):
    """The document that JSONResponse makes of the same content, written by orjson, which must be installed.

    What orjson cannot write (integers beyond 64 bits, lone surrogates, what ``nan`` or ``encoder`` of a subclass ask
    for) is written by the encoder of JSONResponse. *content*, *status_code*, *headers*, *media_type* and *background*
    are as for :class:`JSONResponse`. Without orjson, making one raises ``ImportError``, which names the extra.
    """

    def render(self, content: Any) -> bytes:
        if self.encoder is JSONResponse.encoder:
            try:
                return orjson_encode(content)
            except TypeError:
                require_content(type(self).__name__, content)
                raise
        # orjson knows none of the options that a subclass asks for.
        return super().render(content)
