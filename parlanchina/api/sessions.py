"""The sessions of the owner `local`, over HTTP. Plain functions: the server runs them on threads, beside its loop."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from parlanchina.api.problems import json_response
from parlanchina.api.schemas import NewSession, SessionChange, SessionDetail, SessionList, errors
from parlanchina.errors import ModelNotAllowed
from parlanchina.messages import Session, SessionSummary, format_time
from parlanchina.ownership import LOCAL_OWNER
from parlanchina.services import Services

__all__ = ["router"]

router = APIRouter(tags=["Sessions"])


def _services(request: Request) -> Services:
    services: Services = request.state.services
    return services


Served = Annotated[Services, Depends(_services)]


@router.get("/api/sessions", response_model=SessionList, responses=errors())
def list_sessions(services: Served) -> Response:
    """List the sessions, last updated first."""
    summaries = services.sessions.list_sessions(owner=LOCAL_OWNER)
    return json_response({"sessions": [_line(summary) for summary in summaries]})


@router.post("/api/sessions", status_code=201, response_model=SessionDetail, responses=errors(413, 415, 422))
def create_session(services: Served, body: NewSession) -> Response:
    """Make an empty session."""
    session = services.sessions.create_session(
        owner=LOCAL_OWNER,
        title=body.title,
        model=_offered(services, body.model or services.settings.default_model),
        system_prompt=body.system_prompt,
        params=body.options.to_params(),
    )
    return json_response(_detail(session), status=201, headers={"Location": f"/api/sessions/{session.id}"})


@router.get("/api/sessions/{session_id}", response_model=SessionDetail, responses=errors(404))
def read_session(services: Served, session_id: str) -> Response:
    """Read a session with all of its messages, and what a running reply has said so far."""
    return json_response(_detail(services.sessions.load_session(session_id, owner=LOCAL_OWNER)))


@router.patch("/api/sessions/{session_id}", response_model=SessionDetail, responses=errors(404, 413, 415, 422))
def change_session(services: Served, session_id: str, body: SessionChange) -> Response:
    """Change a session's title, model, system prompt or parameters."""
    session = services.sessions.update_session(
        session_id,
        owner=LOCAL_OWNER,
        title=body.title,
        model=None if body.model is None else _offered(services, body.model),
        system_prompt=body.system_prompt,
        params=None if body.options is None else body.options.to_params(),
    )
    return json_response(_detail(session))


@router.delete("/api/sessions/{session_id}", status_code=204, responses=errors(404))
def delete_session(services: Served, session_id: str) -> Response:
    """Delete a session."""
    services.sessions.delete_session(session_id, owner=LOCAL_OWNER)
    return Response(status_code=204)


def _offered(services: Services, model: str) -> str:
    if model not in services.settings.models:
        raise ModelNotAllowed(model=model, allowed=services.settings.models)
    return model


def _line(session: Session | SessionSummary) -> dict[str, Any]:  # Any: JSON on its way out
    return {
        "id": session.id,
        "title": session.title,
        "model": session.model,
        "created_at": format_time(session.created_at),
        "updated_at": format_time(session.updated_at),
    }


def _detail(session: Session) -> dict[str, Any]:
    return _line(session) | {
        "system_prompt": session.system_prompt,
        "params": session.params.to_dict(),
        "head": session.head,
        "messages": [message.to_dict() for message in session.messages],
    }
