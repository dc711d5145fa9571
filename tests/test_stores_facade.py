"""The functions of `parlanchina.stores` over whichever store is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parlanchina import stores
from parlanchina.config import load_settings
from parlanchina.errors import ConfigError, SessionNotFound
from parlanchina.stores.json_sessions import JsonSessions


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


def test_a_conversation_through_the_functions(store: JsonSessions) -> None:
    made = stores.create_session("Title", "demo", store=store)
    asked = stores.append_user_message(made.id, "Why?", store=store)
    replied = stores.append_assistant_message(made.id, "*Because.*", store=store)
    assert stores.load_session(made.id, store=store) == replied
    assert stores.list_sessions(store=store) == [replied.summary()]
    question, reply = replied.path()
    assert asked.messages == (question,)
    assert (question.role, question.raw_markdown, question.parent_id) == ("user", "Why?", None)
    assert (reply.role, reply.raw_markdown, reply.parent_id) == ("assistant", "*Because.*", question.id)
    assert (reply.status, reply.html, reply.renderer, reply.model) == ("complete", "", "", "demo")
    assert (made.owner, made.title) == ("local", "Title")


def test_every_function_sees_one_owner_only(store: JsonSessions) -> None:
    made = stores.create_session("Title", "demo", owner="ana", store=store)
    assert stores.list_sessions(store=store) == []
    for refused in (
        lambda: stores.load_session(made.id, store=store),
        lambda: stores.append_user_message(made.id, "Hi", store=store),
        lambda: stores.append_assistant_message(made.id, "Hi", store=store),
    ):
        with pytest.raises(SessionNotFound):
            refused()
    assert stores.append_user_message(made.id, "Hi", owner="ana", store=store).head is not None


def test_the_settings_name_the_folder(tmp_path: Path) -> None:
    store = stores.open_session_store(load_settings({"PARLANCHINA_DATA_DIR": str(tmp_path / "kept")}))
    assert list(tmp_path.iterdir()) == []
    made = store.create_session(owner="ana", title="T", model="m")
    assert (tmp_path / "kept" / "sessions" / f"{made.id}.json").exists()


def test_a_database_is_refused_by_name_without_its_password() -> None:
    settings = load_settings({"PARLANCHINA_DATABASE_URL": "postgresql+psycopg://me:secret@host/chats"})
    with pytest.raises(ConfigError, match="PARLANCHINA_DATABASE_URL") as refused:
        stores.open_session_store(settings)
    assert "secret" not in str(refused.value)


USE_THE_DEFAULT = """
import json
from parlanchina import stores
made = stores.create_session("Title", "demo")
stores.append_user_message(made.id, "Hello")
print(json.dumps([made.id, [one.title for one in stores.list_sessions()]]))
"""


@pytest.mark.parametrize("said_in", ["environment", ".env"])
def test_the_default_store_is_the_one_the_environment_names(tmp_path: Path, said_in: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PARLANCHINA_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    if said_in == "environment":
        environ["PARLANCHINA_DATA_DIR"] = "kept"
    else:
        (tmp_path / ".env").write_text("PARLANCHINA_DATA_DIR=kept\n")
    done = subprocess.run(
        [sys.executable, "-c", USE_THE_DEFAULT], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    session_id, titles = json.loads(done.stdout)
    assert titles == ["Title"]
    assert (tmp_path / "kept" / "sessions" / f"{session_id}.json").exists()
