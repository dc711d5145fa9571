"""Settings: what a value may be, how a wrong one is refused, and that no secret is ever shown."""

from __future__ import annotations

import dataclasses
import string
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.config import Settings, load_settings
from parlanchina.errors import ConfigError
from parlanchina.variables import VARIABLES
from tests.some_settings import COMPATIBLE, KEY, refusal

# Wrong values


WRONG = [
    ("OPENAI_PROVIDER", "banana", "use openai, azure, openrouter, compatible, demo"),
    ("PARLANCHINA_API", "rest", "use auto, responses, chat"),
    ("PARLANCHINA_MODE", "multi", "use auto, single, shared"),
    ("PARLANCHINA_FALLBACK", "yes", "use demo, or leave it empty"),
    ("LOG_LEVEL", "loud", "use DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("PARLANCHINA_DATA_DIR", "~no-such-user-here/x", "write it in full"),
    *[
        (name, value, "write a whole address")
        for name in ("OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT")
        for value in (
            "localhost:11434/v1",
            "ftp://files.example.org",
            "https://",
            "https:///v1",
            "http://:8080/v1",
            "https://host:port/v1",
            "https://host:99999/v1",
            "https://host:0/v1",
            "https://two words/v1",
            "https://host/v 1",
            "https://[::1/v1",
            "https://-host.example.org",
            "https://a..b",
            "/v1",
        )
    ],
    *[
        ("PARLANCHINA_IMAGE_HOSTS", value, "write bare host names")
        for value in (
            "https://x.org",
            "x.org/pic",
            "x.org:443",
            "*.x.org",
            "*",
            "two words",
            "x..org",
            "[::1]",
            "ñ.org",
        )
    ],
    *[
        ("PARLANCHINA_CORS_ORIGINS", f"https://{value}", "write origins such as")
        for value in (
            "",
            "*",
            "*.x.org",
            "x.org/",
            "x.org/a",
            "x.org?a",
            "x.org#a",
            "x.org:0",
            "x.org:x",
            "two words",
        )
    ],
    *[("PARLANCHINA_CORS_ORIGINS", value, "write origins such as") for value in ("*", "x.org", "null", "file://x")],
]


@pytest.mark.parametrize(("name", "value", "fix"), WRONG)
def test_a_wrong_value_is_refused_with_its_name_the_value_and_the_fix(name: str, value: str, fix: str) -> None:
    sentence = refusal({name: value})
    assert sentence.startswith(f"{name} is ")
    assert fix in sentence
    shown = value.partition("?")[0].partition("#")[0]
    assert shown in sentence


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
def test_a_line_break_is_refused_everywhere_and_the_value_not_shown(name: str) -> None:
    sentence = refusal({name: "one\ntwo"})
    assert sentence == f"{name} holds a line break or another control character: write it on one line."


@pytest.mark.parametrize("bad", ["https://x.org/", "*"])
def test_only_the_wrong_item_of_a_list_is_shown(bad: str) -> None:
    sentence = refusal({"PARLANCHINA_CORS_ORIGINS": f"https://good.example.org,{bad}"})
    assert repr(bad) in sentence
    assert "good" not in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLANCHINA_DATABASE_URL", "mysql://u:hidden-0123456789@h/d"),
        ("PARLANCHINA_DATABASE_URL", "postgresql://u:hidden-0123456789@h/d"),
        ("PARLANCHINA_DATABASE_URL", "postgres://u:hidden-0123456789@h/d"),
        ("PARLANCHINA_DATABASE_URL", "sqlite:///"),
        ("PARLANCHINA_DATABASE_URL", "sqlite://hidden-0123456789.db"),
        ("PARLANCHINA_IMAGES_URL", "ftp://u:hidden-0123456789@h/d"),
        ("PARLANCHINA_IMAGES_URL", "s3://"),
        ("PARLANCHINA_IMAGES_URL", "s3:///hidden-0123456789"),
        ("PARLANCHINA_API_TOKENS", "hidden-01234567"),
        ("PARLANCHINA_API_TOKENS", "hidden 0123456789"),
        ("PARLANCHINA_API_TOKENS", "hidden-0123456789-ñ"),
        ("OPENAI_API_KEY", "hidden 0123456789"),
        ("OPENAI_API_KEY", "hidden-0123456789…"),
        ("OPENAI_API_KEY", "hidden\u00a00123456789"),
        ("OPENAI_API_KEY", "hidden\n0123456789"),
        ("AZURE_OPENAI_API_KEY", "hidden\x000123456789"),
        ("OPENROUTER_API_KEY", "hidden\u200b0123456789"),
        ("OPENAI_API_BASE", "https://user:hidden@host.example.org/v1"),
        ("OPENAI_API_BASE", "https://hidden@host.example.org/v1"),
        ("OPENAI_API_BASE", "user:hidden@host.example.org/v1"),
        ("OPENAI_API_BASE", "ftp://user:hid/den?hidden@host.example.org"),
        ("AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com/openai?api-key=hidden"),
        ("AZURE_OPENAI_ENDPOINT", "me.openai.azure.com/openai?api-key=hidden"),
        ("AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com/#hidden"),
        ("PARLANCHINA_CORS_ORIGINS", "https://user:hidden@x.org"),
        ("OPENAI_PROVIDER", "sk-proj-hidden"),
        ("OPENAI_API_BASE", "sk-proj-hidden"),
    ],
)
def test_a_refusal_never_shows_a_secret(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({name: value})
    assert str(caught.value).startswith(name)
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


def test_a_token_that_is_too_short_is_named_by_its_position() -> None:
    tokens = "0123456789abcdef, short , 0123456789abcdeg"
    assert "token 2 is" in refusal({"PARLANCHINA_API_TOKENS": tokens})


def test_a_secret_pasted_in_the_wrong_place_is_not_shown() -> None:
    sentence = refusal({"OPENAI_API_KEY": "plain-0123456789", "PARLANCHINA_MODE": "plain-0123456789"})
    assert sentence == "PARLANCHINA_MODE is a value not shown here: use auto, single, shared."


def test_a_long_value_is_cut() -> None:
    assert len(refusal({"PARLANCHINA_MODE": "x" * 100_000})) < 300


def test_wrong_values_are_refused_even_where_the_demo_would_not_need_them() -> None:
    assert refusal({"OPENAI_PROVIDER": "demo", "OPENAI_API_BASE": "nowhere"})


# Right values


def test_right_values_are_taken_as_written_or_in_their_usual_case() -> None:
    taken = load_settings(
        {
            "PARLANCHINA_API": "Chat",
            "PARLANCHINA_DATA_DIR": "/srv/my chats/ñ",
            "PARLANCHINA_DATABASE_URL": "postgresql+psycopg://u:p@h/d",
            "PARLANCHINA_IMAGES_URL": "s3://bucket/prefix",
            "PARLANCHINA_MODE": "SHARED",
            "PARLANCHINA_FALLBACK": "demo",
            "PARLANCHINA_IMAGE_HOSTS": "Images.Example.org, 127.0.0.1,localhost",
            "PARLANCHINA_CORS_ORIGINS": "https://App.example.org,http://localhost:3000,http://[::1]:8501",
            "PARLANCHINA_API_TOKENS": "0123456789abcdef,0123456789abcdeg,0123456789abcdef",
            "LOG_LEVEL": "debug",
        }
    )
    assert taken.api == "chat"
    assert taken.data_dir == Path("/srv/my chats/ñ")
    assert taken.database_url == "postgresql+psycopg://u:p@h/d"
    assert taken.images_url == "s3://bucket/prefix"
    assert taken.mode == "shared"
    assert taken.fallback == "demo"
    assert taken.image_hosts == ("images.example.org", "127.0.0.1", "localhost")
    assert taken.cors_origins == ("https://app.example.org", "http://localhost:3000", "http://[::1]:8501")
    assert taken.api_tokens == ("0123456789abcdef", "0123456789abcdeg")
    assert taken.log_level == "DEBUG"


@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:1234/v1", "http://[::1]:8080", "http://ollama_server:11434/v1", "HTTPS://Api.Example.org/v1"],
)
def test_any_host_may_serve_models(base: str) -> None:
    assert load_settings(COMPATIBLE | {"OPENAI_API_BASE": base}).api_base == base


@pytest.mark.parametrize("url", ["sqlite:///chats.db", "sqlite:////srv/chats.db", "postgresql+psycopg:///chats"])
def test_known_databases_are_taken(url: str) -> None:
    assert load_settings({"PARLANCHINA_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("url", ["gs://bucket", "az://container/prefix", "file:///srv/pictures"])
def test_known_image_stores_are_taken(url: str) -> None:
    assert load_settings({"PARLANCHINA_IMAGES_URL": url}).images_url == url


def test_a_home_folder_is_found() -> None:
    assert load_settings({"PARLANCHINA_DATA_DIR": "~/chats"}).data_dir == Path.home() / "chats"


def test_defaults() -> None:
    plain = load_settings({"OPENAI_API_KEY": KEY})
    assert (plain.api, plain.mode, plain.fallback, plain.log_level) == ("auto", "auto", "", "INFO")
    assert (plain.database_url, plain.images_url) == (None, None)
    assert (plain.image_hosts, plain.cors_origins, plain.api_tokens) == ((), (), ())


def test_settings_cant_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_settings({}).provider = "openai"  # type: ignore[misc]  # that is the point


# No secret is ever shown

SECRETS = [variable.name for variable in VARIABLES if variable.secret]
OTHERS = [(name, value) for name, value, _ in WRONG] + [
    ("OPENAI_PROVIDER", "compatible"),
    ("OPENAI_PROVIDER", "azure"),
    ("PARLANCHINA_DEFAULT_MODEL", "not-offered"),
    ("LOG_LEVEL", "INFO"),
]
secret_texts = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=16, max_size=40),
    st.text(min_size=16, max_size=40),
    st.sampled_from(["sqlite:///", "postgresql+psycopg://u:", "s3://", "0123456789abcdef,"]).flatmap(
        lambda start: st.text(string.ascii_letters, min_size=16, max_size=40).map(lambda text: start + text)
    ),
)


def shows(secret: str, text: str) -> bool:
    """Whether a secret, or what follows its scheme, stands in a text, as it is or escaped.

    One of few different characters is passed over: `^^^^^^^^` stands in every traceback.
    """
    core = secret.strip().removeprefix("0123456789abcdef,").rpartition("//")[2].removeprefix("u:")
    return len(set(core)) >= 6 and any(form in text for form in (core, repr(core)[1:-1], core.lower()))


def outcome(environ: Mapping[str, str]) -> tuple[str, bool]:
    """All that a person or a log could see of these settings, and whether they were refused."""
    try:
        accepted = load_settings(environ)
    except ConfigError as error:
        return "".join(traceback.format_exception(error)), True
    return f"{accepted!r} {accepted} {accepted.demo_reason}", False


@settings(deadline=None)  # a busy machine is no failure
@given(name=st.sampled_from(SECRETS), secret=secret_texts, other=st.sampled_from(OTHERS), misplaced=st.booleans())
def test_no_message_and_no_repr_ever_holds_a_secret(
    name: str, secret: str, other: tuple[str, str], misplaced: bool
) -> None:
    environ = {name: secret, other[0]: secret if misplaced else other[1]}
    text, refused = outcome({"OPENAI_API_KEY": KEY} | environ)
    # A secret that is also given as, say, a host is that host from then on; only refusals can still keep it.
    assert (misplaced and not refused) or not shows(secret, text)


def test_the_property_above_can_fail() -> None:
    assert shows("abcdefghijklmnop", "the key is abcdefghijklmnop")
    assert shows("postgresql+psycopg://u:abcdefghijklmnop", "'u:abcdefghijklmnop'")


def test_every_secret_field_is_left_out_of_the_repr() -> None:
    hidden = {field.name for field in dataclasses.fields(Settings) if not field.repr}
    assert hidden == {"api_key", "database_url", "images_url", "api_tokens"}
