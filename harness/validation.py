"""Whether what others wrote has the shape in which it is read."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import UserError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def checked(shape: type[T], content: object, where: str, cure: str) -> T:
    """The content in its shape, a dataclass; nothing is converted.

    Args:
        shape: what is read of it.
        content: as it came out of a JSON file.
        where: what stands before the name of a field that does not fit: ``"FILE: "``.
        cure: what to do then.

    Raises:
        UserError: a field is missing or of another kind; names it, the reason and the cure.
    """
    from pydantic import ValidationError

    one: Any = shape  # type[T] is not hashable to mypy, and the cache wants that
    try:
        # From JSON, for a list to be a tuple there while 1.0 or true is no whole number.
        found: T = _adapter(one).validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{where}{place}: {first['msg']}; {cure}") from None
    return found


@cache  # building one takes longer than reading a run folder with it
def _adapter(shape: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(shape)
