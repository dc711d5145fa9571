"""A failed call, told to a person: which error class it is, and a sentence to act on.

Owns the mapping from what can go wrong (the network, the service's complaints, a stream that ends badly) to
`ProviderError`. A sentence names the model and the service, says what happened and what to do next; what the
service said is quoted, short and without anything that looks like a key.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpx2

from parlanchina.errors import (
    AuthenticationFailed,
    ConnectTimeout,
    ContentBlocked,
    EmptyReply,
    ModelNotFound,
    NameNotResolved,
    OutOfCredit,
    PermissionRefused,
    ProviderDown,
    ProviderError,
    RateLimited,
    RequestRejected,
    StreamBroken,
    StreamCut,
    StreamStalled,
    StreamUnfinished,
    TlsFailed,
    Unreachable,
    UnsupportedParameter,
)
from parlanchina.llm.complaints import Complaint, quotable

__all__ = ["Failures", "concerns_the_model"]

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
}
"""What a person can set, by what the services call it."""

_BLOCKED = re.compile(
    r"content_filter|content_policy|moderation|responsibleai|invalid_prompt|policy_violation|bio_policy"
)
_NO_CREDIT = re.compile(r"insufficient_quota|billing|credit|payment")
_UNSUPPORTED = re.compile(r"unsupported|not support|unrecognized|unknown|not permitted|extra inputs", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The failures of one call."""

    service: str
    """OpenAI, Azure OpenAI …, or the address of a compatible server."""
    host: str
    model: str
    key_name: str
    """The variable that holds the key."""
    base_name: str
    """The variable that holds the address."""
    api: Literal["responses", "chat"]
    secrets: tuple[str, ...]
    connect_timeout: float
    idle_timeout: float

    def told_by(self, error: BaseException, *, opened: bool) -> ProviderError:
        """The failure behind an error of the client's; `opened`: the service had begun to answer."""
        complaint = Complaint.from_error(error)
        if complaint is not None:
            return self._complained(complaint)
        # A handshake that is still waiting for bytes is no failed one, though it counts as an SSLError.
        causes = [cause for cause in _causes(error) if not isinstance(cause, ssl.SSLWantReadError)]
        if any(isinstance(cause, httpx2.ReadTimeout | httpx2.WriteTimeout) for cause in causes):
            what = f"nothing came for {self.idle_timeout:g} seconds"
            return StreamStalled(self._stopped(what, "Press Retry, or Continue."))
        if not opened:
            return self._not_answered(causes)
        if any(isinstance(cause, ValueError | RecursionError | httpx2.DecodingError) for cause in causes):
            advice = "Press Retry; if it happens again, the service or a proxy on the way is at fault."
            return StreamBroken(self._stopped("the service sent something that can't be read", advice))
        return StreamCut(self._stopped("the connection was closed in the middle", "Press Retry, or Continue."))

    def unfinished(self, content_type: str, *, said_something: bool) -> ProviderError:
        """The stream ended and no finish reason ever came."""
        if not said_something and not content_type.startswith("text/event-stream"):
            what = f"the answer was {quotable(content_type) or 'of no known kind'} in place of a stream"
            return StreamBroken(
                self._none(what, f"Check {self.base_name}, and whether this network wants a sign-in.")
            )
        what = "the stream ended without a finish, so the reply may be cut off"
        return StreamUnfinished(self._stopped(what, "Press Retry, or Continue."))

    def blocked(self) -> ProviderError:
        """A content filter left nothing."""
        return ContentBlocked(self._none("a content filter stopped it before it began", "Reword the message."))

    def empty(self, *, at_limit: bool) -> ProviderError:
        """The stream finished and held nothing to show."""
        if at_limit:
            what = "all of its tokens were spent before a word was said"
            return EmptyReply(self._none(what, "Raise max_tokens in the chat's settings."))
        return EmptyReply(self._none("it finished without saying anything", "Press Retry, or reword the message."))

    def _none(self, what: str, advice: str, *, quote: str = "") -> str:
        said = quotable(quote, secrets=self.secrets)
        quoted = f' The service said: "{said}"' if said else ""
        return f"No reply from {self.model!r} ({self.service}): {what}. {advice}{quoted}"

    def _stopped(self, what: str, advice: str) -> str:
        return f"The reply from {self.model!r} ({self.service}) stopped: {what}. {advice}"

    def _not_answered(self, causes: list[BaseException]) -> ProviderError:
        check = f"Check that the server is running, the network, and the address in {self.base_name}."
        for cause in causes:
            match cause:
                case socket.gaierror():
                    advice = f"Check the network connection, and the address in {self.base_name}."
                    return NameNotResolved(self._none(f"the name {self.host!r} can't be looked up", advice))
                case ssl.SSLCertVerificationError():
                    what = f"the certificate of {self.host!r} is not trusted here ({cause.verify_message})"
                    advice = "Check this computer's clock, and whether the network wants a sign-in or has a proxy."
                    return TlsFailed(self._none(what, advice))
                case ssl.SSLError():
                    advice = f"Check {self.base_name}: does the server speak https?"
                    return TlsFailed(self._none(f"no secure connection to {self.host!r} was agreed on", advice))
                case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
                    what = f"{self.host!r} accepted no connection within {self.connect_timeout:g} seconds"
                    return ConnectTimeout(self._none(what, "Check the network connection, then press Retry."))
                case httpx2.LocalProtocolError() | UnicodeEncodeError(encoding="ascii"):
                    # Not quoted: what can't be sent is the header with the key in it.
                    what = f"{self.key_name} holds characters that no key has"
                    return AuthenticationFailed(self._none(what, "Copy the key again."))
                case ValueError():
                    advice = "Remove what is unusual in it (half an emoji, say), then send again."
                    return RequestRejected(self._none("the message holds what can't be sent as text", advice))
                case ConnectionRefusedError():
                    return Unreachable(self._none(f"{self.host!r} refused the connection", check))
                case httpx2.ReadError() | httpx2.WriteError() | httpx2.RemoteProtocolError():
                    what = f"{self.host!r} closed the connection without an answer"
                    return ProviderDown(self._none(what, "Try again in a moment."))
        return Unreachable(self._none(f"{self.host!r} can't be reached", check))

    def _complained(self, complaint: Complaint) -> ProviderError:
        status, code, said, wait = complaint.status, complaint.code, complaint.message, complaint.retry_after
        if _BLOCKED.search(code):
            advice = "Reword the message, or start a new chat."
            return ContentBlocked(self._none("a content filter refused it", advice, quote=said))
        if status == 402 or _NO_CREDIT.search(code):
            advice = f"Add credit to the account that {self.key_name} belongs to."
            return OutOfCredit(self._none("the account has no credit left", advice, quote=said))
        if status == 401 or "api_key" in code or code == "authentication_error":
            advice = f"Check {self.key_name}, then start the app again."
            return AuthenticationFailed(self._none("the service does not accept the key", advice, quote=said))
        if status == 403 or code == "permission_error":
            advice = f"Ask whoever manages the account of {self.key_name} for access, or choose another model."
            return PermissionRefused(self._none("the key may not do this", advice, quote=said))
        if code == "model_not_found" or (status == 404 and concerns_the_model(complaint, self.model)):
            advice = "Choose another model, or correct its name in PARLANCHINA_MODELS."
            return ModelNotFound(self._none("the service has no such model for this key", advice, quote=said))
        if status in (404, 405):
            name = "Responses" if self.api == "responses" else "Chat Completions"
            advice = f"Check {self.base_name} (it often ends in /v1) and PARLANCHINA_API."
            return RequestRejected(self._none(f"{self.host!r} has no {name} API there", advice, quote=said))
        if status == 429 or "rate_limit" in code:
            advice = f"Try again in {wait:g} seconds." if wait else "Wait a little, then press Retry."
            what = "too many requests at once, or too many tokens, for this key"
            return RateLimited(self._none(what, advice, quote=said), retry_after=wait)
        if "invalid" in code if status is None else 400 <= status < 500 and status != 408:
            return self._rejected(complaint)
        what = f"the service has a problem of its own ({status or code or 'no code'})"
        return ProviderDown(self._none(what, "Try again in a moment.", quote=said), retry_after=wait)

    def _rejected(self, complaint: Complaint) -> ProviderError:
        if complaint.code == "context_length_exceeded":
            advice = "Start a new chat, shorten the message, or choose a model that takes more."
            what = "the conversation is longer than the model takes"
            return RequestRejected(self._none(what, advice, quote=complaint.message))
        named = complaint.param or next((word for word in _SETTINGS if f"'{word}'" in complaint.message), "")
        unsupported = _UNSUPPORTED.search(f"{complaint.code} {complaint.message}") is not None
        if named in _SETTINGS:
            what = f"the model does not take {_SETTINGS[named]} as it is set"
            advice = f"Change or clear {_SETTINGS[named]} in the chat's settings, then press Retry."
        elif named and unsupported:
            what, advice = f"the model does not take {named!r}", "Choose another model."
        else:
            what, advice = "the service refused the request", "Change what it complains of, then send again."
        told = UnsupportedParameter if named and unsupported else RequestRejected
        return told(self._none(what, advice, quote=complaint.message))


def concerns_the_model(complaint: Complaint, model: str) -> bool:
    """Whether a 404 is about the model, not about the route: only the body tells."""
    said = f"{complaint.code} {complaint.message}".lower()
    words = ("model", "deployment", "endpoints")  # the last is OpenRouter's: "No endpoints found for …"
    return complaint.param == "model" or model.lower() in said or any(word in said for word in words)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything behind it, the innermost first: what really happened is at the bottom."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.append(current)
        if isinstance(current, BaseExceptionGroup):  # one for each address that was tried
            waiting.extend(current.exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)
    return reversed(found)
