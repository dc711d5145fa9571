"""The image store on a real S3 service (moto's), on this machine."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import ObjectStore, S3Store

from parlanchina.errors import ConfigError, ImageNotSaved, ImagesUnreadable
from parlanchina.stores.image_objects import open_url
from parlanchina.stores.images import ImageStore
from tests.image_store_contract import SMALL, ImageStoreContract

SECRET = "s3-secret-0123456789"
_number = count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/pictures", method="PUT")).close()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What obstore reads by itself: the service and its keys."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


class TestS3(ImageStoreContract):
    @pytest.fixture
    def place(self, endpoint: str) -> ObjectStore:
        return S3Store(
            "pictures",
            prefix=f"of/test-{next(_number)}",
            endpoint=endpoint,
            access_key_id="key",
            secret_access_key=SECRET,
            region="us-east-1",
            client_options={"allow_http": True},
        )


@pytest.mark.usefixtures("environment")
def test_the_url_and_the_environment_are_all_it_needs() -> None:
    saved = ImageStore(open_url("s3://pictures/by/url")).save(SMALL, owner="ana")
    again = ImageStore(open_url("s3://pictures/by/url"))
    assert again.list_images(owner="ana").images == (saved,)
    assert ImageStore(open_url("s3://pictures/by")).list_images(owner="ana").total == 0


@pytest.mark.usefixtures("environment")
def test_what_another_process_did_shows_when_the_time_has_come() -> None:
    first = ImageStore(open_url("s3://pictures/late"), refresh_seconds=3600)
    second = ImageStore(open_url("s3://pictures/late"), refresh_seconds=0)
    assert first.list_images(owner="ana").total == second.list_images(owner="ana").total == 0
    saved = first.save(SMALL, owner="ana")
    assert second.list_images(owner="ana").images == (saved,)
    second.delete(saved.id, owner="ana")
    assert first.list_images(owner="ana").total == 1
    assert second.list_images(owner="ana").total == 0


@pytest.mark.usefixtures("environment")
def test_a_bucket_that_is_not_there_is_named_and_no_key_is_shown() -> None:
    store = ImageStore(open_url("s3://key:hidden@elsewhere/x?token=hidden"))
    with pytest.raises(ImageNotSaved, match=r"'s3://elsewhere/x' \(the service answered NoSuchBucket\)") as caught:
        store.save(SMALL, owner="ana")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.usefixtures("environment")
def test_a_service_that_is_down_says_so_in_good_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = ImageStore(open_url("s3://pictures/x"))
    with pytest.raises(ImagesUnreadable, match="the service can't be reached"):
        store.list_images(owner="ana")
    with pytest.raises(ImageNotSaved, match="the service can't be reached"):
        store.save(SMALL, owner="ana")


@contextmanager
def service_that_answers(status: int, body: bytes) -> Iterator[str]:
    """A service that has one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"", "access denied: check the keys"),
        (403, b"<Code>SignatureDoesNotMatch</Code>", "access denied: check the keys"),
        (400, b"<Code>InvalidBucketName</Code>", "the service answered InvalidBucketName"),
        (501, b"<html>", "the service answered 501"),
        (200, b"<html>hello", "the service failed"),
    ],
)
def test_what_a_service_answers_is_told_in_a_few_words(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, reason: str
) -> None:
    with service_that_answers(status, body) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        store = ImageStore(open_url("s3://pictures/x"))
        with pytest.raises(ImagesUnreadable, match=rf"\({reason}\)"):
            store.list_images(owner="ana")


def test_a_url_that_lacks_what_its_service_needs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(ConfigError, match="PARLANCHINA_IMAGES_URL"):
        open_url("az://container/pictures")
