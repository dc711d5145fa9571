"""Where a link may lead and which pictures may be loaded.

Owns the judgement of an address (`kind_of`) and the rule that rewrites links and pictures after parsing. A picture
from elsewhere is a way to leak a conversation (`![](https://host/?q=secret)`), so it becomes a link that says so,
unless its host is one of those allowed. Invariant: after the rule, every `link_open` leads to http, https or mailto
with a plain ASCII host, or to a picture of ours; every `image` is a picture of ours or comes from an allowed host.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

__all__ = ["AddressKind", "host_of", "is_picture_of_ours", "kind_of", "settle_links", "text_of"]

AddressKind = Literal["external", "ours", "relative", "refused"]

_WEB = re.compile(
    r"https?://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?(?:[/?#].*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"mailto:[^\s/@<>]+@[a-z0-9.-]+(?:\?.*)?", re.IGNORECASE)
_OURS = re.compile(r"/images/[A-Za-z0-9_-]{1,64}\.(?:png|jpe?g|webp|gif)")
_PLAIN = re.compile(r"[!-~]+")
_INTERNATIONAL = re.compile(r"(?:^|\.)xn--", re.IGNORECASE)
_LABEL_LENGTH = 200


def kind_of(url: str) -> AddressKind:
    r"""Judge an address as a browser would read it.

    Refused are every scheme but http, https and mailto, `//host`, backslashes, a user name before the host
    (`https://bank.example@evil.example`) and international host names, whose look-alikes can't be told apart.
    """
    if not _PLAIN.fullmatch(url) or "\\" in url or url.startswith("//"):
        return "refused"
    if host_of(url) or _MAIL.fullmatch(url):
        return "external"
    if ":" in re.split(r"[/?#]", url, maxsplit=1)[0]:
        return "refused"
    return "ours" if is_picture_of_ours(url) else "relative"


def host_of(url: str) -> str:
    """The host of a well-formed http or https address, in lower case; else the empty string."""
    match = _WEB.fullmatch(url)
    host = match["host"].lower() if match else ""
    return "" if _INTERNATIONAL.search(host) else host


def is_picture_of_ours(url: str) -> bool:
    """Say whether an address is exactly one of our own pictures."""
    return _OURS.fullmatch(url) is not None


def text_of(tokens: Iterable[Token]) -> str:
    """The words of inline tokens, without markup, on one line."""
    return " ".join("".join(_words(token) for token in tokens).split())


def _words(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return text_of(token.children) if token.children else token.content


def settle_links(state: StateCore) -> None:
    """Rewrite links and pictures, in every inline token, to what may be shown."""
    hosts: Collection[str] = state.env.get("image_hosts", ())
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _settle(token.children, hosts)


def _settle(children: list[Token], hosts: Collection[str]) -> list[Token]:
    settled: list[Token] = []
    depth = 0  # an autolink may stand inside a link: only the outer one counts
    nowhere: str | None = None
    for token in children:
        if token.type == "link_open":
            depth += 1
            if depth == 1:
                nowhere = _nowhere(str(token.attrs["href"]))
                if nowhere is None:
                    settled.append(token)
        elif token.type == "link_close":
            depth -= 1
            if depth == 0 and nowhere is None:
                settled.append(token)
            elif depth == 0 and nowhere:
                settled.append(_text(f" ({nowhere})", token.level))
        elif token.type == "image" and not _may_load(str(token.attrs["src"]), hosts):
            settled.extend(_instead_of(token, linked=depth == 0 or nowhere is not None))
        else:
            settled.append(token)
    return settled


def _nowhere(href: str) -> str | None:
    """What to show in place of a link inside this page or to a file we don't have; `None` for a real link."""
    if kind_of(href) in ("external", "ours"):
        return None
    return "" if href.startswith("#") else href


def _may_load(src: str, hosts: Collection[str]) -> bool:
    return is_picture_of_ours(src) or host_of(src) in hosts


def _instead_of(image: Token, *, linked: bool) -> list[Token]:
    src = str(image.attrs["src"])
    host = host_of(src)
    alt = text_of(image.children or ())[:_LABEL_LENGTH]
    label = f"picture from {host}" if host else "picture"
    text = _text(f"{label}{': ' if alt else ''}{alt} (not loaded)", image.level)
    if not host or not linked:
        return [text]
    opening, closing = Token("link_open", "a", 1), Token("link_close", "a", -1)
    opening.attrs = {"href": src}
    opening.level = closing.level = image.level
    text.level += 1
    return [opening, text, closing]


def _text(content: str, level: int) -> Token:
    token = Token("text", "", 0)
    token.content = content
    token.level = level
    return token
