"""Asking, following and stopping: the routes of a reply's life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from parlanchina.api.edge import note_turn, note_usage
from parlanchina.api.following import find_turn, follow_stored, follow_turn
from parlanchina.api.pieces import PLACE_PATTERN, Place, end_of
from parlanchina.api.problems import Problem, json_response
from parlanchina.api.schemas import ChatRequest, FailedReply, TurnEnd, WholeReply, errors
from parlanchina.api.streams import EventForm, ReplyStream, form_for, last_step, unless_gone
from parlanchina.api.unkept import UnkeptReplies
from parlanchina.conversation import check_message
from parlanchina.messages import Message
from parlanchina.ownership import LOCAL_OWNER
from parlanchina.services import Services
from parlanchina.turn import Turn

__all__ = ["router"]

router = APIRouter(tags=["Chat"])

_ASKING = (404, 409, 413, 415, 422, 429, 502, 504)
_EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": PLACE_PATTERN},
        "event": {"enum": ["message", "reasoning", "image", "usage", "complete", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_STREAMS: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own shape
    200: {
        "description": "The reply as it is made, each event with the id to come back with; `complete` or `error` at "
        "last.",
        "content": {"text/event-stream": {"schema": _EVENT}, "text/plain": {"schema": {"type": "string"}}},
    },
}


@router.post("/api/chat/stream", responses=_STREAMS | errors(*_ASKING), response_class=Response)
async def stream_a_reply(
    request: Request,
    body: ChatRequest,
    accept: Annotated[str, Header(description="`text/event-stream`, or `text/plain` for the words alone.")] = "",
) -> Response:
    """Ask, and get the reply as it is made.

    With `session_id` the reply goes on when you hang up; `X-Turn-ID` names it, to come back to it or to stop it.
    """
    turn = await _start(request, body)
    return ReplyStream(
        follow_turn(turn),
        form_for(accept),
        heartbeat_seconds=request.app.state.heartbeat_seconds,
        on_gone=_when_gone(turn),
    )


@router.post(
    "/api/chat", response_model=WholeReply, responses=errors(*_ASKING) | errors(502, 504, 429, 400, model=FailedReply)
)
async def make_a_reply(request: Request, body: ChatRequest) -> Response:
    """Ask, and get the reply whole. One that breaks off is an error with what came of it beside it."""
    turn = await _start(request, body)
    step = await unless_gone(last_step(follow_turn(turn)), request.receive, on_gone=_when_gone(turn))
    if step is None or step.ended is None:
        return Response(status_code=499)  # nobody reads it
    note_usage(request.scope, step.ended.usage)
    reply = _whole(step.ended, session_id=turn.session_id or None)
    if step.problem is None:
        return json_response(reply)
    came = step.ended.raw_markdown or step.ended.reasoning or step.ended.images
    return step.problem.response(request.url.path, **({"reply": reply} if came else {}))


@router.get(
    "/api/turns/{turn_id}/stream",
    responses=_STREAMS | {204: {"description": "That was the last event: there is no more."}} | errors(404, 422),
    response_class=Response,
)
async def follow_a_turn(
    request: Request,
    turn_id: str,
    last_event_id: Annotated[str | None, Header(pattern=PLACE_PATTERN)] = None,
) -> Response:
    """Follow a reply of a session, running or ended, from its start or from the event that came last."""
    seen = Place.parse(last_event_id) if last_event_id else Place()
    services: Services = request.state.services
    found = await asyncio.to_thread(find_turn, services, turn_id)
    note_turn(request.scope, turn_id)
    if seen.ended:
        return Response(status_code=204)  # an EventSource stops coming back for more
    return ReplyStream(
        follow_turn(found) if isinstance(found, Turn) else follow_stored(services, *found),
        EventForm(seen),
        heartbeat_seconds=request.app.state.heartbeat_seconds,
        begin_at_once=True,
    )


@router.post("/api/turns/{turn_id}/stop", response_model=TurnEnd, responses=errors(404))
async def stop_a_turn(request: Request, turn_id: str) -> Response:
    """End a reply now; what came of it is kept. Harmless when it has ended."""
    found = await asyncio.to_thread(find_turn, request.state.services, turn_id)
    if not isinstance(found, Turn):
        return json_response(end_of(found[1]))
    found.stop()
    step = await last_step(follow_turn(found))
    return json_response(end_of(step.ended or found.message))


async def _start(request: Request, body: ChatRequest) -> Turn:
    services: Services = request.state.services
    params = body.options.to_params()
    if body.session_id is None:
        check_message(body.message)
        messages = [{"role": one.role, "content": one.content} for one in body.history]
        messages.append({"role": "user", "content": body.message})
        model = body.model or services.settings.default_model
        unkept: UnkeptReplies = request.app.state.unkept
        return unkept.start(services.turns, messages, model=model, params=params)
    if body.history:
        message = "history can't be sent with session_id: the session has its own."
        raise Problem(422, "history_with_session", message, field="history")
    turn = await asyncio.to_thread(
        services.turns.ask, body.session_id, body.message, owner=LOCAL_OWNER, model=body.model, params=params
    )
    note_turn(request.scope, turn.id)
    return turn


def _when_gone(turn: Turn) -> Callable[[], None]:
    return (lambda: None) if turn.session_id else turn.stop


def _whole(message: Message, *, session_id: str | None) -> dict[str, Any]:  # Any: JSON on its way out
    return end_of(message) | {
        "session_id": session_id,
        "content": message.raw_markdown,
        "reasoning": message.reasoning,
        "images": [image.to_dict() for image in message.images],
        "usage": message.usage.to_dict() if message.usage else None,
        "timing": message.timing.to_dict() if message.timing else None,
    }
