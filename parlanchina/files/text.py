"""Plain text, Markdown, JSON and code: decoded, cut at a line's end, and said how much of it that is.

Linear in the file's size, whatever is in it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from parlanchina.errors import FileHasNoText, FileKindRefused
from parlanchina.files.extract import Budget, Extract, Kind, clean, estimate_tokens, head_of, part_of
from parlanchina.files.kinds import ACCEPTED, LANGUAGES
from parlanchina.files.names import extension_of

__all__ = ["decode", "fenced", "read_code", "read_json", "read_markdown", "read_text", "text_extract"]

_CONTROLS = bytes(range(0x07)) + bytes(range(0x0E, 0x1B)) + bytes(range(0x1C, 0x20))
_MAX_CONTROLS = 0.01  # share of a text: a log cut by a crash has some, a program or an archive has many

_CHECKED_JSON = 5_000_000  # characters; parsed, JSON takes some twenty times its size in memory
_DEEPEST_INDENT = 20
_MAX_TICKS = 40

# Possessive (++, *+): without a way back, a string of megabytes costs no memory.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++')


def decode(content: bytes, *, name: str) -> tuple[str, tuple[str, ...]]:
    """A file's text, and a note where its encoding had to be guessed. Raises `FileKindRefused` if it is no text."""
    controls = len(content) - len(content.translate(None, _CONTROLS))
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text, controls = content.decode("utf-16"), 0
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if controls or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_text(name) from None
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252
            text = content.decode("latin-1")
        return clean(text), ("It is not UTF-8, and was read as Windows-1252 (Western European).",)
    if controls > _MAX_CONTROLS * len(content):
        raise _not_text(name)
    return clean(text), ()


def _not_text(name: str) -> FileKindRefused:
    return FileKindRefused(name, f"is not text, nor of another kind that is read here; these are: {ACCEPTED}.")


def read_text(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read plain text."""
    text, notes = decode(content, name=name)
    return text_extract(text, name=name, kind="text", media_type="text/plain", max_tokens=max_tokens, notes=notes)


def read_markdown(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read Markdown, as it is written."""
    text, notes = decode(content, name=name)
    return text_extract(
        text, name=name, kind="markdown", media_type="text/markdown", max_tokens=max_tokens, notes=notes
    )


def read_code(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read code, fenced with its language."""
    text, notes = decode(content, name=name)
    language = LANGUAGES[extension_of(name)]
    return text_extract(
        text, name=name, kind="code", media_type="text/plain", max_tokens=max_tokens, notes=notes, language=language
    )


def read_json(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read JSON as it is written, but spread over lines if it is all on one; a note says if it is not valid."""
    text, notes = decode(content, name=name)
    note = _what_is_wrong(text)
    if note:
        notes = (*notes, note)
    elif "\n" not in text.strip():
        text = "\n".join(_spread(text))
    return text_extract(
        text,
        name=name,
        kind="json",
        media_type="application/json",
        max_tokens=max_tokens,
        notes=notes,
        language="json",
    )


def text_extract(
    text: str,
    *,
    name: str,
    kind: Kind,
    media_type: str,
    max_tokens: int,
    notes: tuple[str, ...] = (),
    language: str = "",
) -> Extract:
    """An extract of as many whole lines as fit; with `language`, in a fence. Raises `FileHasNoText`."""
    if not text.strip():
        raise FileHasNoText(name, "holds nothing but white space.")
    text = text.strip("\n")
    total = text.count("\n") + 1
    budget = Budget(max_tokens - (estimate_tokens(fenced("`" * _MAX_TICKS, language)) if language else 0))
    lines = budget.take_while(text[start:end] for start, end in _lines(text))
    part = part_of(len(lines), total, "line")
    if not lines:  # not even the first one fits
        lines = [head_of(text.partition("\n")[0], max_tokens=budget.left)]
        part = f"first {len(lines[0]):,} of {len(text):,} characters"
    taken = "\n".join(lines)
    taken = fenced(taken, language) if language else taken
    return Extract(
        kind=kind, media_type=media_type, part=part, tokens=estimate_tokens(taken), text=taken, notes=notes
    )


def fenced(code: str, language: str) -> str:
    """Code in a Markdown fence that is longer than any run of backticks in it; as it is, if that would be absurd."""
    ticks = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{code}\n{fence}" if ticks <= _MAX_TICKS else code


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line starts and ends, without a list of them all."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, end
        start = end + 1
    yield start, len(text)


def _what_is_wrong(text: str) -> str:
    if len(text) > _CHECKED_JSON:
        return f"Whether it is valid JSON was not checked: it has more than {_CHECKED_JSON:,} characters."
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"It is not valid JSON: {error.msg}, at line {error.lineno}, column {error.colno}."
    except (RecursionError, ValueError):  # the second: a number of thousands of digits
        return "Whether it is valid JSON was not checked: it is nested too deeply, or has a number too long."
    return ""


def _spread(text: str) -> Iterator[str]:
    """Break valid JSON into indented lines, changing nothing but white space: no number is rounded, no key lost."""
    depth, line = 0, [""]
    for token in (match[0] for match in _JSON_TOKEN.finditer(text)):
        if token in "}]":
            if line[1:]:
                yield "".join(line)
            depth -= 1
            line = [_indent(depth)]
        line.append(": " if token == ":" else token)
        if token in "{[":
            depth += 1
        if token in "{[,":
            yield "".join(line)
            line = [_indent(depth)]
    yield "".join(line)


def _indent(depth: int) -> str:
    return "  " * min(depth, _DEEPEST_INDENT)  # else a thousand brackets would take a million spaces
