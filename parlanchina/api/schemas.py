"""What the HTTP API takes and gives, as its OpenAPI document tells it.

Only shapes and limits: a request is checked against these before any of our code sees it, and an unknown field
is refused by name, since a misspelt one would otherwise be ignored in silence.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parlanchina.conversation import MAX_MESSAGE_CHARS
from parlanchina.params import ImageQuality, ImageSize, Params

__all__ = [
    "ChatRequest",
    "Error",
    "FailedReply",
    "Health",
    "HistoryMessage",
    "ModelList",
    "NewSession",
    "Options",
    "SessionChange",
    "SessionDetail",
    "SessionList",
    "TurnEnd",
    "WholeReply",
    "errors",
    "openai_errors",
]

Text = Annotated[str, StringConstraints(max_length=MAX_MESSAGE_CHARS)]
Title = Annotated[str, StringConstraints(max_length=200)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Options(_Request):
    """Parameters; what is left out is the session's, or else the provider's default."""

    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    image_size: ImageSize | None = None
    image_quality: ImageQuality | None = None

    def to_params(self) -> Params:
        """The value that turns and sessions know."""
        return Params(**self.model_dump())


class HistoryMessage(_Request):
    """An earlier message, for a reply without a session."""

    role: Literal["user", "assistant", "system"]
    content: Text


class ChatRequest(_Request):
    """A question. With `session_id` it is stored there, with its reply; without, nothing is."""

    message: Text
    history: list[HistoryMessage] = Field(default=[], max_length=2_000)
    """Earlier messages, oldest first. A session has its own: give one or the other."""
    session_id: Name | None = None
    model: Name | None = None
    """Empty: the session's, or else the default."""
    options: Options = Options()


class NewSession(_Request):
    """A conversation to be made."""

    title: Title = ""
    """Empty: the first words of the first message."""
    model: Name | None = None
    system_prompt: Text = ""
    options: Options = Options()


class SessionChange(_Request):
    """What to change of a session; the rest stays."""

    title: Title | None = None
    model: Name | None = None
    system_prompt: Text | None = None
    options: Options | None = None
    """All three at once: what is left out goes back to the provider's default."""


class ErrorDetail(BaseModel):
    """What went wrong: a stable word, and a sentence for a person."""

    code: str
    message: str
    field: str | None = None
    """The part of the request that is to blame."""


class Error(BaseModel):
    """Every answer that is no success."""

    error: ErrorDetail


class UsageCount(BaseModel):
    """Tokens, as the provider counted them."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int


class TimingInMs(BaseModel):
    """How long a reply took, from the request."""

    first_token_ms: int | None
    total_ms: int


class Picture(BaseModel):
    """A picture of a reply."""

    url: str
    alt_text: str


class TurnEnd(BaseModel):
    """How a turn ended, or that it goes on."""

    status: Literal["streaming", "completed", "stopped", "error", "interrupted"]
    message_id: str
    model: str
    provider: str
    finish_reason: str | None
    note: str | None
    """Why another model had to answer, if one had to."""


class WholeReply(TurnEnd):
    """A reply, whole."""

    session_id: str | None
    content: str
    reasoning: str
    images: list[Picture]
    usage: UsageCount | None
    timing: TimingInMs | None


class FailedReply(Error):
    """An error, and what came of the reply before it."""

    reply: WholeReply | None = None


class StoredMessage(BaseModel):
    """A message of a session; what is below `created_at` is an assistant's alone."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    raw_markdown: str
    attachments: list[dict[str, str | int]]
    created_at: str
    html: str = ""
    renderer: str = ""
    model: str = ""
    provider: str = ""
    status: Literal["streaming", "complete", "stopped", "error", "interrupted"] = "complete"
    finish_reason: str | None = None
    error: str | None = None
    error_code: str | None = None
    reasoning: str = ""
    images: list[Picture] = []
    usage: UsageCount | None = None
    timing: TimingInMs | None = None
    feedback: Literal["up", "down"] | None = None


class SessionLine(BaseModel):
    """A session in a list."""

    id: str
    title: str
    model: str
    created_at: str
    updated_at: str


class SessionList(BaseModel):
    """The sessions, last updated first."""

    sessions: list[SessionLine]


class SessionDetail(SessionLine):
    """A session, whole. Messages form a tree by `parent_id`; `head` is the last one of the branch being shown."""

    system_prompt: str
    params: Options
    head: str | None
    messages: list[StoredMessage]


class ModelLine(BaseModel):
    """A model on offer."""

    id: str
    provider: str


class ModelList(BaseModel):
    """The models on offer."""

    default: str
    models: list[ModelLine]


class Health(BaseModel):
    """Whether the app lives, and whether it can do its work."""

    live: bool
    ready: bool
    store: Literal["writable", "not_writable"]
    provider: str
    """The word for the service in use; `demo` where none is configured."""


_MEANINGS = {
    400: "The request, or the model's service, can't make sense of it.",
    401: "A token is missing or wrong.",
    403: "This caller, or this page's origin, may not call.",
    404: "There is no such thing.",
    409: "A reply is still being written there.",
    413: "The body is larger than 2 MB.",
    415: "The body is not JSON.",
    422: "A field can't be accepted; it is named.",
    429: "The model's service is asked too much; see Retry-After.",
    502: "The model's service failed.",
    503: "The app can't start, or can't read or write its store now.",
    504: "The model's service did not answer in time.",
}


def errors(*statuses: int, model: type[BaseModel] = Error) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's own
    """Declare which errors a route answers with, beside those that all of them can."""
    return {status: {"model": model, "description": _MEANINGS[status]} for status in (400, 401, 403, 503, *statuses)}


class OpenAIErrorDetail(BaseModel):
    """What went wrong, as OpenAI tells it."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """Every answer under `/v1` that is no success."""

    error: OpenAIErrorDetail


def openai_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's own
    """As `errors`, for the routes under `/v1`."""
    return errors(*statuses, model=OpenAIError)
