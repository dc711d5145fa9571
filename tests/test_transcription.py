"""Dictation: a recording goes to the service as it is, its words come back, and a failure is a sentence."""

from __future__ import annotations

import httpx2
import pytest

from parlanchina.config import load_settings
from parlanchina.errors import AuthenticationFailed, ProviderError
from parlanchina.llm.openai_compatible import TRANSCRIPTION_MODEL, OpenAICompatible
from parlanchina.services import build_services

RECORDING = b"RIFF....WAVE"


def provider(answer: httpx2.Response | Exception, heard: list[httpx2.Request]) -> OpenAICompatible:
    def serve(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(serve))
    return OpenAICompatible(
        name="openai", api_key="sk-secret-key", base_url="https://a.example/v1", http_client=client
    )


async def test_a_recording_is_written_down_in_one_call() -> None:
    heard: list[httpx2.Request] = []
    words = await provider(httpx2.Response(200, json={"text": " Hello there.\n"}), heard).transcribe(RECORDING)
    assert words == "Hello there."
    [request] = heard
    assert request.url.path == "/v1/audio/transcriptions"
    assert RECORDING in request.content
    assert TRANSCRIPTION_MODEL.encode() in request.content


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(401, json={"error": {"message": "Bad key sk-secret-key"}}), AuthenticationFailed),
        (httpx2.Response(500, text="<html>"), ProviderError),
        (httpx2.ConnectError("[Errno -2] Name or service not known"), ProviderError),
    ],
)
async def test_a_failure_is_a_sentence_without_the_key(
    answer: httpx2.Response | Exception, error: type[ProviderError]
) -> None:
    with pytest.raises(error) as caught:
        await provider(answer, []).transcribe(RECORDING)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "offered"),
    [
        ({"OPENAI_API_KEY": "sk-0123456789"}, True),
        ({"OPENROUTER_API_KEY": "sk-or-0123456789"}, False),
        ({}, False),
    ],
)
def test_a_microphone_is_offered_only_where_somebody_listens(
    environment: dict[str, str], offered: bool, tmp_path: object
) -> None:
    services = build_services(load_settings({**environment, "PARLANCHINA_DATA_DIR": str(tmp_path)}))
    assert (services.transcriber is not None) is offered
    services.close()
