"""What every test can rely on: no setting of the machine's own, and no network but this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from parlanchina.services import close_process_services
from parlanchina.variables import VARIABLES

settings.register_profile("suite", deadline=None, derandomize=True)  # the same examples each time: never flaky
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away what the developer's environment sets, and the services that another test made from it."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    yield
    close_process_services()
