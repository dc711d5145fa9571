"""Fields of JSON that came from outside, taken one by one, and the form of a time in them.

Owns what counts as a text, a number, a choice or a time; knows nothing of what the fields mean. Each function
returns a value of the type that was asked for, or raises `ValueError` naming the field.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

__all__ = [
    "choice",
    "format_time",
    "items",
    "nested",
    "optional",
    "optional_number",
    "parse_time",
    "required",
    "typed",
]

T = TypeVar("T")
Object = Mapping[str, Any]  # Any: JSON, checked here


def typed(value: object, kind: type[T], name: str) -> T:
    """Take a value of this type; a bool is no int."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def required(raw: Object, name: str, kind: type[T]) -> T:
    """Take a field that must be there."""
    return typed(raw.get(name), kind, name)


def optional(raw: Object, name: str, kind: type[T]) -> T | None:
    """Take a field that may be missing or null."""
    value = raw.get(name)
    return None if value is None else typed(value, kind, name)


def optional_number(raw: Object, name: str) -> float | None:
    """Take a number, whole or not, that may be missing or null."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) <= sys.float_info.max else math.inf
    number = typed(value, float, name)
    if not math.isfinite(number):  # JSON can't spell it, so it could never be written back
        raise ValueError(f"{name} is not a finite number")
    return number


def choice(raw: Object, name: str, allowed: Iterable[Any]) -> Any:  # Any: one of a Literal's values
    """Take a field that is one of `allowed`."""
    value = raw.get(name)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
    return value


def nested(raw: Object, name: str, read: Callable[[Object], T]) -> T | None:
    """Take an object, by the function that reads it, that may be missing or null."""
    value = raw.get(name)
    return None if value is None else read(typed(value, dict, name))


def items(raw: Object, name: str, read: Callable[[Object], T]) -> tuple[T, ...]:
    """Take a list of objects, each by the function that reads it."""
    return tuple(read(typed(item, dict, f"an item of {name}")) for item in required(raw, name, list))


def format_time(moment: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC, ending in Z, without loss."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: object) -> datetime:
    """Read what `format_time` wrote; a time without a zone is refused with `ValueError`."""
    moment = datetime.fromisoformat(typed(text, str, "time"))
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # its zone takes it out of the years 1 to 9999
        raise ValueError(f"time {text!r} is out of range") from None
