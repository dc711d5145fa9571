"""The provider that settings ask for, seen from the service's side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parlanchina.config import load_settings
from parlanchina.llm import build_provider
from parlanchina.llm.demo import DemoProvider
from tests.fake_openai import FakeOpenAI
from tests.replies import a_request, events_of, text_of


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


@pytest.mark.parametrize(
    ("environment", "path", "model"),
    [
        ({"OPENAI_API_KEY": "k", "OPENAI_API_BASE": "{}/v1"}, "/v1/responses", "a-model"),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_API_BASE": "{}/v1", "PARLANCHINA_API": "chat"},
            "/v1/chat/completions",
            "a-model",
        ),
        (
            {"OPENAI_PROVIDER": "openrouter", "OPENROUTER_API_KEY": "k", "OPENAI_API_BASE": "{}/api/v1"},
            "/api/v1/chat/completions",
            "a-model",
        ),
        (
            {"OPENAI_PROVIDER": "compatible", "OPENAI_API_BASE": "{}/v1", "PARLANCHINA_MODELS": "a-model"},
            "/v1/chat/completions",
            "a-model",
        ),
        (
            {
                "OPENAI_PROVIDER": "azure",
                "AZURE_OPENAI_API_KEY": "k",
                "AZURE_OPENAI_ENDPOINT": "{}",
                "AZURE_OPENAI_DEPLOYMENT": "d",
            },
            "/openai/responses",
            "d",
        ),
        (
            {
                "OPENAI_PROVIDER": "azure",
                "AZURE_OPENAI_API_KEY": "k",
                "AZURE_OPENAI_ENDPOINT": "{}",
                "AZURE_OPENAI_DEPLOYMENT": "d",
                "PARLANCHINA_MODELS": "a-model, d",
                "PARLANCHINA_API": "chat",
            },
            "/openai/deployments/a-model/chat/completions",
            "a-model",
        ),
        (
            {
                "OPENAI_PROVIDER": "azure",
                "AZURE_OPENAI_API_KEY": "k",
                "AZURE_OPENAI_ENDPOINT": "{}/openai/v1/",
                "AZURE_OPENAI_DEPLOYMENT": "d",
            },
            "/openai/v1/responses",
            "d",
        ),
    ],
)
async def test_settings_lead_to_the_right_call(service, environment, path, model):
    settings = load_settings({name: value.format(service.origin) for name, value in environment.items()})
    provider = build_provider(settings)
    assert provider.name == settings.provider
    assert text_of(await events_of(provider, a_request()))
    [request] = service.requests
    assert request.path == path
    assert request.body["model"] == model


def test_no_key_is_the_demo_model():
    assert isinstance(build_provider(load_settings({})), DemoProvider)
