"""Bytes under names, in a folder or in an object store, through obstore.

Owns how bytes get there and back, and the words for what went wrong; refuses to know what they are. The invariant:
a reader sees all of an object or none of it, and when `put` returns, the object is there to stay. An object store
promises that by itself. In a folder obstore writes a temporary file (`<name>#1`, which no listing shows) and renames
it, but leaves it to the system when that reaches the disk (seen with strace, obstore 0.12): `put` waits for it.

What an obstore error says can hold an address with its access token: nothing of it is passed on but known words,
and it is not chained.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, from_url

from parlanchina.errors import ConfigError, ImageNotSaved, ImagesUnreadable
from parlanchina.stores.json_files import sync_folder

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # not there at run time

__all__ = ["ImageObjects", "open_folder", "open_url", "read_many"]

T = TypeVar("T")

_READERS = 16
"""Objects read at a time: over a network the wait is most of it."""

_PATIENCE: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""obstore's own is three minutes, for which a reply would hang."""

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_HTTP_STATUS = re.compile(r"status code: (\d{3})")
_SERVICE_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


class ImageObjects:
    """One place for objects; safe between threads and between processes."""

    def __init__(self, store: ObjectStore, *, place: str) -> None:
        """`place` names it in messages."""
        self.place = place
        self._store = store
        folder = store.prefix if isinstance(store, LocalStore) else None
        self._folder = None if folder is None else Path(folder)

    def put(self, name: str, content: bytes) -> str | None:
        """Write an object, whole; returns its tag, as `tags` will. Raises `ImageNotSaved`."""
        try:
            tag = obstore.put(self._store, name, content)["e_tag"]
            if self._folder is not None:
                _sync(self._folder / name)
        except (BaseError, OSError) as error:
            raise ImageNotSaved(self.place, reason=_reason(error)) from None
        return tag

    def get(self, name: str) -> bytes:
        """Read an object. Raises `FileNotFoundError` or `ImagesUnreadable`."""
        try:
            return obstore.get(self._store, name).bytes().to_bytes()
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise ImagesUnreadable(self.place, reason=_reason(error)) from None

    def get_or_none(self, name: str) -> bytes | None:
        """Read an object; None if there is none. Raises `ImagesUnreadable`."""
        try:
            return self.get(name)
        except FileNotFoundError:
            return None

    def tags(self, prefix: str) -> dict[str, str]:
        """The name of every object below a prefix, with what changes when the object does. `ImagesUnreadable`."""
        try:
            return {
                found["path"]: found["e_tag"] or f"{found['last_modified']}-{found['size']}"
                for batch in obstore.list(self._store, prefix, chunk_size=1000)
                for found in batch
            }
        except (BaseError, OSError) as error:
            raise ImagesUnreadable(self.place, reason=_reason(error)) from None

    def changed_ns(self, prefix: str) -> int | None:
        """When an object below a prefix was last written or removed, where that costs no listing; otherwise None.

        In a folder every write renames a file, which moves the folder's own time.
        """
        if self._folder is None:
            return None
        try:
            return (self._folder / prefix).stat().st_mtime_ns
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise ImagesUnreadable(self.place, reason=_reason(error)) from None

    def delete(self, names: Iterable[str]) -> None:
        """Remove objects, in order; one that isn't there is no error. Raises `ImageNotSaved`."""
        for name in names:
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise ImageNotSaved(self.place, reason=_reason(error)) from None


def read_many(read: Callable[[str], T], names: Sequence[str]) -> list[T]:
    """Call `read` for each name, several at a time; the results are in the names' order."""
    with ThreadPoolExecutor(max_workers=_READERS) as readers:
        return list(readers.map(read, names))


def open_folder(folder: Path) -> ImageObjects:
    """Keep objects in a folder, made if it is missing. Raises `ImageNotSaved`."""
    try:
        return ImageObjects(LocalStore(folder.absolute(), mkdir=True), place=str(folder))
    except (BaseError, OSError) as error:
        raise ImageNotSaved(str(folder), reason=_reason(error)) from None


def open_url(url: str) -> ImageObjects:
    """Keep objects where a URL says: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, `file:///…`.

    Keys, region and endpoint come from the environment under their makers' names (AWS_ACCESS_KEY_ID, AWS_REGION,
    AWS_ENDPOINT_URL, AZURE_STORAGE_ACCOUNT_NAME, GOOGLE_SERVICE_ACCOUNT …), as obstore reads them; none is part of
    the URL. Nothing is sent yet. Raises `ConfigError`, or `ImageNotSaved` for a folder that can't be made.
    """
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    local = parts.scheme == "file"
    try:
        store = from_url(url, mkdir=True) if local else from_url(url, retry_config=_PATIENCE)
    except OSError as error:
        raise ImageNotSaved(place, reason=_reason(error)) from None
    except (BaseError, ValueError):
        raise ConfigError(
            f"PARLANCHINA_IMAGES_URL ({place}) can't be opened: check its form, and that the environment names "
            "the store's account and keys as their maker does."
        ) from None
    return ImageObjects(store, place=place)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:  # Windows syncs only what was opened for writing
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _reason(error: BaseError | OSError) -> str:
    """Why it failed, in a few words that hold nothing secret."""
    text = str(error)
    if system := _SYSTEM_ERROR.search(text):
        return os.strerror(int(system[1]))
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    status = _HTTP_STATUS.search(text)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or (status and status[1] in ("401", "403")):
        return "access denied: check the keys"
    if answer := _SERVICE_CODE.search(text) or status:
        return f"the service answered {answer[1]}"
    return "the service can't be reached" if "HTTP error" in text else "the service failed"
