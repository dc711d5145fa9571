"""What a session asks of the model beside its words: sampling, and how pictures are to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from parlanchina.fields import choice, optional, optional_number

__all__ = ["ImageQuality", "ImageSize", "Params"]

ImageSize = Literal["1024x1024", "1536x1024", "1024x1536"]
ImageQuality = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The parameters of a session's calls; `None` means the default, which for sampling is not sent."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    image_size: ImageSize | None = None
    """Width and height of new pictures, in pixels."""
    image_quality: ImageQuality | None = None

    def to_dict(self) -> dict[str, Any]:  # Any: JSON on its way out
        """The form on disk: sampling always, what concerns pictures where it was chosen."""
        sampling = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        pictures = {"image_size": self.image_size, "image_quality": self.image_quality}
        return sampling | {name: value for name, value in pictures.items() if value is not None}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Params:  # Any: JSON, checked here
        size, quality = raw.get("image_size"), raw.get("image_quality")
        return cls(
            temperature=optional_number(raw, "temperature"),
            top_p=optional_number(raw, "top_p"),
            max_tokens=optional(raw, "max_tokens", int),
            image_size=None if size is None else choice(raw, "image_size", get_args(ImageSize)),
            image_quality=None if quality is None else choice(raw, "image_quality", get_args(ImageQuality)),
        )
