"""README's examples of the API, run as they are written; only the address is the test's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_house import ApiHouse, open_api
from tests.fake_openai import Reply

README = Path(__file__).parent.parent / "README.md"
ADDRESS = "http://localhost:8501"
WORDS = "Once upon a time 👋 in Áv."


def examples(language: str) -> list[str]:
    """The fenced blocks of a language between README's two markers."""
    found = re.search(r"<!-- api:begin -->(.*)<!-- api:end -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "README.md has lost the markers <!-- api:begin --> and <!-- api:end --> around the API's examples"
    return re.findall(rf"```{language}\n(.*?)```", found[1], re.DOTALL)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    with open_api(tmp_path_factory.mktemp("api")) as house:
        house.fake.default = Reply(text=WORDS)
        yield house


def run(house: ApiHouse, *command: str, code: str) -> str:
    """What an example prints."""
    code = code.replace(ADDRESS, house.url)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [*command, code],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_curl_lines(house: ApiHouse) -> None:
    alone, session, gateway = (run(house, "bash", "-euo", "pipefail", "-c", code=code) for code in examples("sh"))
    assert alone.count(WORDS) >= 2
    assert "event: complete" in alone
    assert '"content":"Once upon a time' in alone
    assert session.count("-end\nevent: complete") == 2
    assert session.count('data: {"content":"Once upon a time 👋 in Áv."}') == 1
    assert 'data: {"content":"upon a time 👋 in Áv."}' in session
    assert '"raw_markdown":"Hello!"' in session
    assert gateway.endswith("data: [DONE]\n\n")
    for output in (alone, session, gateway):
        assert '{"error"' not in output
    assert len(house.fake.requests) == 5


@pytest.mark.parametrize("number", [0, 1])
def test_python(house: ApiHouse, number: int) -> None:
    code = examples("python")[number]
    assert len(code.splitlines()) <= 11
    assert run(house, sys.executable, "-c", code=code) == WORDS


def test_javascript(house: ApiHouse) -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("CI must run README's JavaScript: install node")
        pytest.skip("no node on this machine")
    [code] = examples("js")
    assert len(code.splitlines()) <= 10
    assert run(house, node, "--input-type=module", "--eval", code=code).replace("\n", "") == WORDS
