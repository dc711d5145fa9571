"""Settings: which source wins, which service answers, with which key and which models."""

from __future__ import annotations

import logging
import os
import traceback
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from parlanchina.config import load_settings, read_dotenv
from parlanchina.errors import ConfigError
from parlanchina.llm.demo import DEMO_MODELS
from tests.some_settings import AZURE, COMPATIBLE, KEY, OPENROUTER, refusal

# Sources


def test_the_environment_goes_before_dotenv_before_secrets_before_the_default() -> None:
    name = "PARLANCHINA_DATA_DIR"
    assert load_settings({}).data_dir == Path("data")
    assert load_settings({}, secrets={name: "s"}).data_dir == Path("s")
    assert load_settings({}, dotenv={name: "d"}, secrets={name: "s"}).data_dir == Path("d")
    assert load_settings({name: "e"}, dotenv={name: "d"}, secrets={name: "s"}).data_dir == Path("e")


@pytest.mark.parametrize("nothing", ["", "  ", "\t"])
def test_an_empty_value_counts_as_not_set(nothing: str) -> None:
    settings = load_settings({"LOG_LEVEL": nothing}, dotenv={"LOG_LEVEL": None}, secrets={"LOG_LEVEL": "debug"})
    assert settings.log_level == "DEBUG"


def test_a_secret_that_streamlit_copied_to_the_environment_is_still_a_secret() -> None:
    copied = {"PARLANCHINA_DATA_DIR": "s"}
    assert load_settings(copied, dotenv={"PARLANCHINA_DATA_DIR": "d"}, secrets=copied).data_dir == Path("d")
    assert load_settings(copied, secrets=copied).data_dir == Path("s")


def test_white_space_around_a_value_is_trimmed() -> None:
    settings = load_settings({"OPENAI_API_KEY": f" {KEY}\n", "OPENAI_PROVIDER": " OpenAI "})
    assert (settings.provider, settings.api_key) == ("openai", KEY)


def test_secrets_may_hold_lists_numbers_booleans_and_tables() -> None:
    settings = load_settings(
        {},
        secrets={
            **AZURE,
            "PARLANCHINA_MODELS": ["my-gpt", " other ", "", {"x": 1}],
            "AZURE_OPENAI_API_VERSION": date(2025, 4, 1),
            "PARLANCHINA_FALLBACK": {"nested": "demo"},
            "PARLANCHINA_IMAGE_HOSTS": MappingProxyType({"a": "b"}),
            "connections": {"url": "postgresql://…"},
        },
    )
    assert settings.models == ("my-gpt", "other")
    assert settings.api_version == "2025-04-01"
    assert settings.fallback == ""
    assert settings.image_hosts == ()
    assert load_settings({}, secrets={"PARLANCHINA_DATA_DIR": 2026}).data_dir == Path("2026")
    assert "'false'" in refusal({}, secrets={"PARLANCHINA_FALLBACK": False})


# .env


def test_no_dotenv_file_is_no_settings(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}


def test_dotenv_is_read_as_written_and_leaves_the_environment_alone(tmp_path: Path) -> None:
    before = dict(os.environ)
    (tmp_path / ".env").write_text("\ufeffexport A='x y'\nB=$HOME-${A}  # why\nC\nD=\n", encoding="utf-8")
    assert read_dotenv(tmp_path / ".env") == {"A": "x y", "B": "$HOME-${A}", "C": None, "D": ""}
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "content",
    [
        b"OPENAI_API_KEY sk-hidden-0123456789\n",
        b"OK=1\n\nOPENAI_API_KEY='sk-hidden-0123456789\n",
        b"=sk-hidden-0123456789",
        "OPENAI_API_KEY=sk-hidden-0123456789\n".encode("utf-16"),
        b"OPENAI_API_KEY=sk-hidden-0123456789\xff\n",
    ],
)
def test_a_dotenv_that_cant_be_read_is_refused_without_its_content(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / ".env"
    path.write_bytes(content)
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError) as caught:
        read_dotenv(path)
    assert str(path) in str(caught.value)
    assert "hidden" not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_a_wrong_line_of_dotenv_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n# note\nB 2\nC=3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 3"):
        read_dotenv(tmp_path / ".env")


def test_a_folder_called_dotenv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read_dotenv(tmp_path)


# Which service, which key


def test_with_no_key_the_demo_answers_and_says_how_to_add_one() -> None:
    settings = load_settings({})
    assert (settings.provider, settings.api_key) == ("demo", "")
    assert (settings.models, settings.default_model) == (("demo", "demo-brief"), "demo")
    assert "OPENAI_API_KEY" in settings.demo_reason


def test_a_demo_that_was_asked_for_needs_no_reason_and_uses_no_key() -> None:
    settings = load_settings({"OPENAI_PROVIDER": "demo", "OPENAI_API_KEY": KEY, **OPENROUTER})
    assert (settings.provider, settings.api_key, settings.demo_reason) == ("demo", "", "")


@pytest.mark.parametrize(
    ("environ", "provider", "key"),
    [
        ({"OPENAI_API_KEY": KEY}, "openai", KEY),
        ({"OPENAI_API_KEY": KEY, **OPENROUTER, **AZURE}, "openai", KEY),
        (OPENROUTER, "openrouter", OPENROUTER["OPENROUTER_API_KEY"]),
        (AZURE, "azure", AZURE["AZURE_OPENAI_API_KEY"]),
        ({"OPENAI_PROVIDER": "openrouter", "OPENAI_API_KEY": KEY}, "openrouter", KEY),
        (OPENROUTER | {"OPENAI_PROVIDER": "openrouter", "OPENAI_API_KEY": KEY}, "openrouter", "sk-or-0123456789"),
        (AZURE | {"OPENAI_PROVIDER": "azure", "OPENAI_API_KEY": KEY}, "azure", "azure-0123456789"),
        (AZURE | {"OPENAI_PROVIDER": "azure", "OPENAI_API_KEY": KEY, "AZURE_OPENAI_API_KEY": ""}, "azure", KEY),
        (COMPATIBLE, "compatible", ""),
        (COMPATIBLE | {"OPENAI_API_KEY": KEY}, "compatible", KEY),
        (COMPATIBLE | OPENROUTER | AZURE, "compatible", ""),
    ],
)
def test_each_service_gets_its_own_key(environ: dict[str, str], provider: str, key: str) -> None:
    settings = load_settings(environ)
    assert (settings.provider, settings.api_key, settings.demo_reason) == (provider, key, "")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OPENAI_PROVIDER": "openai"} | OPENROUTER | AZURE, "set OPENAI_API_KEY in"),
        ({"OPENAI_PROVIDER": "openrouter"} | AZURE, "set OPENROUTER_API_KEY in"),
        ({"OPENAI_PROVIDER": "azure"} | OPENROUTER, "set AZURE_OPENAI_API_KEY in"),
        (OPENROUTER | AZURE, "set OPENAI_PROVIDER to azure or openrouter in"),
        (OPENROUTER | {"OPENAI_API_BASE": "https://proxy.example.org"}, "set OPENAI_PROVIDER to openrouter in"),
        ({"OPENAI_API_BASE": "http://localhost:11434/v1"}, "OPENAI_PROVIDER to compatible"),
    ],
)
def test_another_makers_key_is_never_used_the_demo_answers(environ: dict[str, str], named: str) -> None:
    settings = load_settings(environ)
    assert (settings.provider, settings.api_key) == ("demo", "")
    assert named in settings.demo_reason
    assert settings.demo_reason.count(".") == settings.demo_reason.count(".env") + 1


@pytest.mark.parametrize(
    "environ",
    [
        OPENROUTER | {"OPENAI_PROVIDER": "openrouter", "OPENAI_API_BASE": "https://api.openai.com/v1"},
        OPENROUTER | {"OPENAI_PROVIDER": "openrouter", "OPENAI_API_BASE": "https://me.openai.azure.com"},
        AZURE | {"AZURE_OPENAI_ENDPOINT": "https://openrouter.ai/api/v1"},
        AZURE
        | {"OPENAI_PROVIDER": "azure", "AZURE_OPENAI_ENDPOINT": "", "OPENAI_API_BASE": "https://API.OpenAI.com/v1"},
    ],
)
def test_a_makers_own_key_is_not_sent_to_another_maker(environ: dict[str, str]) -> None:
    assert "must not go to" in refusal(environ)


def test_a_proxy_may_stand_before_any_service() -> None:
    proxy = {"OPENAI_API_BASE": "https://proxy.example.org/v1/"}
    assert load_settings({"OPENAI_API_KEY": KEY} | proxy).api_base == "https://proxy.example.org/v1"
    openrouter = load_settings({"OPENAI_PROVIDER": "openrouter"} | OPENROUTER | proxy)
    assert openrouter.api_base == "https://proxy.example.org/v1"


def test_addresses_are_the_services_own_unless_set() -> None:
    assert load_settings({"OPENAI_API_KEY": KEY}).api_base is None
    assert load_settings(OPENROUTER).api_base == "https://openrouter.ai/api/v1"
    assert load_settings(COMPATIBLE).api_base == "http://localhost:11434/v1"
    demo = load_settings({"OPENAI_PROVIDER": "demo", "OPENAI_API_BASE": "http://localhost:1/v1"} | AZURE)
    assert (demo.api_base, demo.azure_endpoint, demo.azure_deployment, demo.api_version) == (None,) * 4


def test_azure_has_its_endpoint_deployment_and_version() -> None:
    settings = load_settings(AZURE)
    assert settings.azure_endpoint == "https://me.openai.azure.com"
    assert settings.azure_deployment == "my-gpt"
    assert settings.api_base is None
    assert settings.api_version == "2025-04-01-preview"
    assert (settings.models, settings.default_model) == (("my-gpt",), "my-gpt")
    general = AZURE | {"OPENAI_API_VERSION": "2024-10-21"}
    assert load_settings(general).api_version == "2024-10-21"
    assert load_settings(general | {"AZURE_OPENAI_API_VERSION": "2025-03-01"}).api_version == "2025-03-01"


def test_azures_endpoint_may_be_the_general_base() -> None:
    environ = {
        **AZURE,
        "OPENAI_PROVIDER": "azure",
        "AZURE_OPENAI_ENDPOINT": "",
        "OPENAI_API_BASE": "https://x.azure.com",
    }
    assert load_settings(environ).azure_endpoint == "https://x.azure.com"
    both = environ | {"AZURE_OPENAI_ENDPOINT": "https://me.azure.com"}
    assert load_settings(both).azure_endpoint == "https://me.azure.com"


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        (AZURE | {"AZURE_OPENAI_ENDPOINT": ""}, "AZURE_OPENAI_ENDPOINT"),
        (AZURE | {"AZURE_OPENAI_DEPLOYMENT": ""}, "AZURE_OPENAI_DEPLOYMENT"),
        (COMPATIBLE | {"OPENAI_API_BASE": ""}, "OPENAI_API_BASE"),
        (COMPATIBLE | {"PARLANCHINA_MODELS": " , "}, "PARLANCHINA_MODELS"),
    ],
)
def test_what_a_service_needs_is_asked_for(environ: dict[str, str], missing: str) -> None:
    assert refusal(environ).startswith(f"{missing} is empty: set it to ")


# Models


def test_the_allow_list_is_trimmed_and_keeps_its_order_without_repeats() -> None:
    settings = load_settings({"OPENAI_API_KEY": KEY, "PARLANCHINA_MODELS": " b , a,b,,a "})
    assert (settings.models, settings.default_model) == (("b", "a"), "b")


def test_the_default_model_is_chosen_first_and_alone_is_the_whole_list() -> None:
    both = {"OPENAI_API_KEY": KEY, "PARLANCHINA_MODELS": "a,b", "PARLANCHINA_DEFAULT_MODEL": "b"}
    assert (load_settings(both).models, load_settings(both).default_model) == (("a", "b"), "b")
    alone = load_settings(COMPATIBLE | {"PARLANCHINA_MODELS": "", "PARLANCHINA_DEFAULT_MODEL": "phi"})
    assert (alone.models, alone.default_model) == (("phi",), "phi")


def test_a_default_model_that_is_not_offered_is_refused_with_the_list() -> None:
    sentence = refusal({"OPENAI_API_KEY": KEY, "PARLANCHINA_MODELS": "a,b", "PARLANCHINA_DEFAULT_MODEL": "c"})
    assert sentence == "PARLANCHINA_DEFAULT_MODEL is 'c': choose one of PARLANCHINA_MODELS, which is 'a, b'."


def test_the_demo_offers_what_the_demo_model_knows() -> None:
    assert load_settings({}).models == DEMO_MODELS


def test_the_demo_offers_its_own_models_whatever_waits_for_a_key() -> None:
    waiting = load_settings({"PARLANCHINA_MODELS": "gpt-x", "PARLANCHINA_DEFAULT_MODEL": "gpt-x"})
    assert (waiting.models, waiting.default_model) == (("demo", "demo-brief"), "demo")
    assert load_settings({"PARLANCHINA_DEFAULT_MODEL": "demo-brief"}).default_model == "demo-brief"


@pytest.mark.parametrize("environ", [{"OPENAI_API_KEY": KEY}, OPENROUTER, AZURE, COMPATIBLE, {}])
def test_there_is_always_a_model_and_the_default_is_one_of_them(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    assert settings.default_model == settings.models[0]
