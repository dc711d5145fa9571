"""Pictures in a conversation: kept as they come, and how they stand in its Markdown.

Owns what is said of a picture where it belongs in a reply: the picture itself, or in words why it is missing; and how
a model is told of it later. Refuses to know when pictures come. The invariant: no bytes of a picture outlive
`ReplyPictures.keep`; what goes on is an address and a description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from parlanchina.errors import StoreError
from parlanchina.events import ImageCall
from parlanchina.messages import Attachment, ImageRef
from parlanchina.stores.image_meta import MEDIA_TYPES, ImageStory
from parlanchina.stores.images import ImageStore

__all__ = [
    "MAX_CAPTION_CHARS",
    "ReplyPictures",
    "missing_markdown",
    "picture_id_of",
    "picture_markdown",
    "pictures_in",
    "told_in_words",
]

MAX_CAPTION_CHARS = 240

_NAME = rf"([0-9a-f]{{32}})\.(?:{'|'.join(MEDIA_TYPES)})"
_FILE_NAME = re.compile(_NAME)
_PICTURE = re.compile(rf"!\[((?:\\.|[^\\\]])*)\]\((/images/{_NAME})\)")
_ACTIVE_INLINE = re.compile(r"([\\`*_\[\]<>&$~^+!])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPictures:
    """Where the pictures of one reply go, and what all of them have in common."""

    store: ImageStore
    owner: str
    story: ImageStory
    inputs: Sequence[str] = ()
    """The pictures that came with the question, by id: the first that is found is what a new one was made from."""

    def keep(self, call: ImageCall) -> ImageRef:
        """Keep a picture; it takes a while. Raises `ImageRefused` or `ImageNotSaved`, with nothing kept."""
        caption = _caption(call.revised_prompt) or _caption(self.story.get("prompt", ""))
        story: ImageStory = {
            **self.story,
            "revised_prompt": call.revised_prompt,
            "alt_text": caption,
            "model": call.model or self.story.get("model", ""),
            "size": call.size,
            "quality": call.quality,
            "parent_id": self._parent(),
        }
        meta = self.store.save(call.image_b64, owner=self.owner, ext=call.ext, **story)
        return ImageRef(url=meta.url_path, alt_text=caption)

    def _parent(self) -> str | None:
        for image_id in self.inputs:
            with suppress(StoreError):  # deleted, somebody else's, or no picture of ours at all
                return self.store.get(image_id, owner=self.owner).id
        return None


def picture_id_of(attachment: Attachment) -> str | None:
    """The id of the picture of ours that a file is a copy of, which its name tells, or None.

    So it is too where somebody downloaded a picture and attaches it again. Whose it is must still be asked.
    """
    name = _FILE_NAME.fullmatch(attachment.name)
    return name[1] if name else None


def picture_markdown(picture: ImageRef) -> str:
    """A picture as a paragraph of Markdown."""
    return f"\n\n![{_as_text(picture.alt_text)}]({picture.url})\n\n"


def missing_markdown(error: Exception) -> str:
    """What stands in a picture's place: why it is not there."""
    return f"\n\n*{_as_text(' '.join(str(error).split()))}*\n\n"


def pictures_in(markdown: str) -> tuple[ImageRef, ...]:
    """The pictures of ours that a reply shows."""
    return tuple(ImageRef(url=match[2], alt_text=_unescaped(match[1])) for match in _PICTURE.finditer(markdown))


def told_in_words(markdown: str) -> str:
    """A reply as a model is told of it: no model can follow an address of ours."""
    return _PICTURE.sub(_in_words, markdown)


def _in_words(picture: re.Match[str]) -> str:
    return f"[picture: {_unescaped(picture[1])}]" if picture[1].strip() else "[picture]"


def _caption(text: str) -> str:
    words = " ".join(_INVISIBLE.sub(" ", text[: 20 * MAX_CAPTION_CHARS]).split())
    if len(words) <= MAX_CAPTION_CHARS:
        return words
    head, _, _ = words[:MAX_CAPTION_CHARS].rpartition(" ")
    return (head or words[:MAX_CAPTION_CHARS]).rstrip(" ,.;:") + "…"


def _as_text(text: str) -> str:
    return _ACTIVE_INLINE.sub(r"\\\1", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
