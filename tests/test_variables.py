"""The table of variables, and that README, `.env.example` and the code say the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parlanchina.config import load_settings, read_dotenv
from parlanchina.variables import VARIABLES, env_example, markdown_table
from tests.some_settings import AZURE, COMPATIBLE, KEY, OPENROUTER

ROOT = Path(__file__).parent.parent


def test_env_example_is_what_the_table_prints() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


@pytest.mark.parametrize(("arguments", "printed"), [([], markdown_table()), (["--env"], env_example())])
def test_the_command_prints_both(arguments: list[str], printed: str) -> None:
    command = [sys.executable, "-X", "utf8", "-m", "parlanchina.variables", *arguments]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode() == printed


def test_readme_holds_the_table() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("README.md is not written yet")
    text = readme.read_text(encoding="utf-8")
    begin, end = "<!-- environment:begin -->", "<!-- environment:end -->"
    assert begin in text, f"README.md needs {begin} and {end} around what `python -m parlanchina.variables` prints"
    assert text.split(begin)[1].split(end)[0].strip() == markdown_table().strip()


def test_every_variable_has_one_row_of_three_cells_and_one_line_in_the_example() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(set(names)) == len(names)
    rows = markdown_table().splitlines()[2:]
    assert [row.split("|")[1].strip(" `") for row in rows] == names
    assert {row.count("|") for row in rows} == {4}
    lines = [line for line in env_example().splitlines() if line and not line.startswith("#")]
    assert lines == [f"{variable.name}={variable.default}" for variable in VARIABLES]


def test_an_unchanged_copy_of_the_example_changes_nothing() -> None:
    dotenv = read_dotenv(ROOT / ".env.example")
    assert load_settings({}, dotenv=dotenv) == load_settings({})
    azure = AZURE | {"OPENAI_API_VERSION": "2024-12-01-preview"}
    assert load_settings(azure, dotenv=dotenv) == load_settings(azure)


EFFECTS: dict[str, tuple[dict[str, str], str]] = {  # where a variable shows, and a value that shows there
    "OPENAI_PROVIDER": ({}, "demo"),
    "OPENAI_API_KEY": ({}, KEY),
    "OPENAI_API_BASE": ({"OPENAI_API_KEY": KEY}, "https://proxy.example.org"),
    "OPENAI_API_VERSION": (AZURE, "2024-10-21"),
    "AZURE_OPENAI_API_KEY": (AZURE, "another"),
    "AZURE_OPENAI_ENDPOINT": (AZURE, "https://you.openai.azure.com"),
    "AZURE_OPENAI_DEPLOYMENT": (AZURE, "another"),
    "AZURE_OPENAI_API_VERSION": (AZURE, "2024-10-21"),
    "OPENROUTER_API_KEY": (OPENROUTER, "another"),
    "PARLANCHINA_MODELS": (COMPATIBLE, "another"),
    "PARLANCHINA_DEFAULT_MODEL": ({}, "demo-brief"),
    "PARLANCHINA_API": ({}, "chat"),
    "PARLANCHINA_DATA_DIR": ({}, "elsewhere"),
    "PARLANCHINA_DATABASE_URL": ({}, "sqlite:///chats.db"),
    "PARLANCHINA_IMAGES_URL": ({}, "s3://bucket"),
    "PARLANCHINA_MODE": ({}, "shared"),
    "PARLANCHINA_FALLBACK": ({}, "demo"),
    "PARLANCHINA_IMAGE_HOSTS": ({}, "x.org"),
    "PARLANCHINA_CORS_ORIGINS": ({}, "https://x.org"),
    "PARLANCHINA_API_TOKENS": ({}, "0123456789abcdef"),
    "LOG_LEVEL": ({}, "DEBUG"),
}


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
def test_every_variable_of_the_table_makes_a_difference(name: str) -> None:
    environ, value = EFFECTS[name]
    assert load_settings(environ | {name: value}) != load_settings(environ)
