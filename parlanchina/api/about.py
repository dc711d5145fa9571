"""What the app is and how it fares: the models on offer, and its health."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from parlanchina.api.problems import json_response
from parlanchina.api.schemas import Health, ModelList, errors
from parlanchina.errors import ParlanchinaError
from parlanchina.services import Services

__all__ = ["router"]

router = APIRouter(tags=["About"])


@router.get("/api/models", response_model=ModelList, responses=errors())
async def list_models(request: Request) -> Response:
    """List the models on offer."""
    services: Services = request.state.services
    models = [{"id": model, "provider": services.turns.provider_of(model).name} for model in services.settings.models]
    return json_response({"default": services.settings.default_model, "models": models})


@router.get("/api/health", response_model=Health, responses={503: {"model": Health, "description": "Not ready."}})
def health(request: Request) -> Response:
    """Say whether the store can be written, and which service answers. Open to all, since it says no more."""
    services: Services = request.state.services
    try:
        services.sessions.check_writable()
    except (ParlanchinaError, OSError):
        store = "not_writable"
    else:
        store = "writable"
    ready = store == "writable"
    provider = services.settings.provider
    body = {"live": True, "ready": ready, "store": store, "provider": provider}
    return json_response(body, status=200 if ready else 503)
