"""Pictures, to whoever knows their name: the pages show them in `<img>`, which can send no token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from parlanchina.api.schemas import Error
from parlanchina.services import Services

__all__ = ["router"]

router = APIRouter(tags=["Images"])

_FOREVER = "private, max-age=31536000, immutable"  # the bytes under a name never change


@router.get(
    "/images/{file}",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/*": {"schema": {"type": "string"}}}},
        304: {"description": "The browser has it already."},
        403: {"model": Error, "description": "This page's origin may not call."},
        404: {"model": Error, "description": "There is no such picture."},
        503: {"model": Error, "description": "The pictures can't be read now."},
    },
)
def read_picture(request: Request, file: str, if_none_match: Annotated[str, Header()] = "") -> Response:
    """Read a picture of a reply, or its thumbnail."""
    services: Services = request.state.services
    picture = services.images.open_public(file)
    headers = {"Cache-Control": _FOREVER, "ETag": picture.etag}
    if picture.etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)
