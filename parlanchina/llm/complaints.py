"""What a service itself says went wrong, wherever it says it: an HTTP status, an error in mid-stream, a failed reply.

Owns the reading of error bodies in all their dialects, of Retry-After, and the removal of secrets from what is
quoted. Knows nothing of our error classes (see `failures.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from parlanchina.errors import ParlanchinaError
from parlanchina.llm.frames import Frame, count_of, section_of, sections_of, text_of

__all__ = ["Complained", "Complaint", "quotable", "retry_after"]

_QUOTE_LENGTH = 300

_KEY_LIKE = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai)[-_][\w*.…-]{6,}"  # keys as their makers write them, also half-masked
    r"|\bAIza[\w-]{10,}"
    r"|\b[Bb]earer\s+[^\s\"']+"
    r"|\b(?=\w*\d)\w{32,}"  # any long unbroken run with a digit in it
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One failure in the service's own words; empty where it said nothing."""

    status: int | None = None
    """The HTTP status, or the code in mid-stream that stands for one."""
    code: str = ""
    """The service's code or, lacking one, its type of error; lower case."""
    param: str = ""
    message: str = ""
    retry_after: float | None = None
    """Seconds."""

    @classmethod
    def from_frame(cls, frame: Frame, *, status: int | None = None, wait: float | None = None) -> Complaint:
        """Read an error object: OpenAI's, and those of servers with a number for a code or FastAPI's `detail`."""
        code = text_of(frame, "code") or str(count_of(frame, "code") or "")
        if re.fullmatch(r"[45][0-9]{2}", code):
            status, code = status or int(code), ""
        message = text_of(frame, "message") or text_of(frame, "detail") or text_of(frame, "error") or _details(frame)
        return cls(
            status=status,
            code=(code or text_of(frame, "type")).lower(),
            param=text_of(frame, "param"),
            message=message,
            retry_after=wait,
        )

    @classmethod
    def from_error(cls, error: BaseException) -> Complaint | None:
        """What the service said in an error of its client's; `None` if the service said nothing."""
        if isinstance(error, Complained):
            return error.complaint
        if not isinstance(error, openai.APIError) or isinstance(error, openai.APIConnectionError):
            return None
        status, wait = None, None
        if isinstance(error, openai.APIStatusError):
            status, wait = error.status_code, retry_after(error.response.headers)
        if isinstance(error.body, Mapping):
            return cls.from_frame(error.body, status=status, wait=wait)
        # A page of HTML is a proxy's or a portal's, and says nothing that can be quoted.
        text = error.body if isinstance(error.body, str) and not error.body.lstrip().startswith("<") else ""
        return cls(status=status, message=text, retry_after=wait)


class Complained(ParlanchinaError):
    """A frame of a stream is the service's complaint. Stays within this package."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.message)
        self.complaint = complaint

    @classmethod
    def about(cls, frame: Frame) -> Complained:
        """For an error object, or a frame that holds one under `error`."""
        return cls(Complaint.from_frame(section_of(frame, "error") or frame))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the service wants to be asked again: Retry-After in a form of RFC 9110, or in milliseconds."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    moment = _moment(value)
    # Measured by the service's own clock: this machine's may be wrong.
    sent = _moment(headers.get("date", ""))
    return max(0.0, (moment - sent).total_seconds()) if moment and sent else None


def quotable(message: str, *, secrets: Iterable[str] = ()) -> str:
    """A service's message in one line, short, and with nothing in it that looks like a key."""
    text = message
    for secret in secrets:
        text = text.replace(secret, "[key]")
    text = _KEY_LIKE.sub("[key]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= _QUOTE_LENGTH else text[:_QUOTE_LENGTH].rstrip() + "…"


def _details(frame: Frame) -> str:
    """FastAPI's list of what is wrong with a request, as in "body.store: Extra inputs are not permitted"."""
    places = [(item.get("loc"), text_of(item, "msg")) for item in sections_of(frame, "detail")]
    return "; ".join(
        f"{'.'.join(map(str, loc)) if isinstance(loc, list) else 'body'}: {said}" for loc, said in places
    )


def _number(value: str | None) -> float | None:
    return float(value) if value is not None and re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value) else None


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
