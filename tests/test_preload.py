"""What the first reply of a process needs is loaded before anyone asks for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fake_openai import FakeOpenAI, Reply

ROOT = Path(__file__).parent.parent

FIRST_QUESTION = """
import json, sys
from streamlit.testing.v1 import AppTest
from parlanchina.ui.preload import preload

app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.query_params["session"] = "new"
app.run()
assert preload.cache_info().currsize, "the page has begun nothing"
preload().join()
before = set(sys.modules)
app.chat_input(key="prompt").set_value("Hello").run()
assert any("first reply" in element.value for element in app.html), "no reply"
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_first_question_of_a_process_loads_no_library(tmp_path: Path) -> None:
    with FakeOpenAI() as service:
        service.default = Reply(text="The *first reply*:\n\n```python\nx = 1\n```\n")
        done = subprocess.run(
            [sys.executable, "-c", FIRST_QUESTION, str(ROOT / "app.py")],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PARLANCHINA_DATA_DIR": str(tmp_path / "data"),
                "OPENAI_API_KEY": "sk-any",
                "OPENAI_API_BASE": service.base_url,
                "PARLANCHINA_MODELS": "small",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded <= {"encodings"}  # parts of Python itself
