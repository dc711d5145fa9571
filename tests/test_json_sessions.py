"""Sessions as JSON files keep the contract of every store."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from parlanchina.stores.json_sessions import JsonSessions
from tests.session_store_contract import OpenStore, SessionStoreContract, other, store

__all__ = ["other", "store"]


class TestJsonSessions(SessionStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return partial(JsonSessions, tmp_path / "sessions")
