"""The OpenAPI document, held against the API by generated requests: no 5xx, and nothing it does not tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_house import open_api

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROUTES = [
    "DELETE /api/sessions/{session_id}",
    "GET /api/health",
    "GET /api/models",
    "GET /api/sessions",
    "GET /api/sessions/{session_id}",
    "GET /api/turns/{turn_id}/stream",
    "GET /images/{file}",
    "GET /v1/models",
    "PATCH /api/sessions/{session_id}",
    "POST /api/chat",
    "POST /api/chat/stream",
    "POST /api/sessions",
    "POST /api/turns/{turn_id}/stop",
    "POST /v1/chat/completions",
]

WITH_BODIES = [route for route in ROUTES if route.startswith(("POST", "PATCH")) and not route.endswith("/stop")]
"""Where a request can be wrong in what it holds, not only in what it names."""


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, schemathesis.APIOperation]]:
    """What the document of a served API tells, by method and path; its model always answers."""
    with open_api(tmp_path_factory.mktemp("api")) as house:
        document = schemathesis.openapi.from_url(f"{house.url}/api/openapi.json")
        yield {result.ok().label: result.ok() for result in document.get_all_operations()}


def test_document_tells_every_route(operations: dict[str, schemathesis.APIOperation]) -> None:
    assert sorted(operations) == ROUTES


@pytest.mark.parametrize(
    ("route", "mode"),
    [(route, schemathesis.GenerationMode.POSITIVE) for route in ROUTES]
    + [(route, schemathesis.GenerationMode.NEGATIVE) for route in WITH_BODIES],
)
def test_every_answer_is_one_that_the_document_tells(
    operations: dict[str, schemathesis.APIOperation], route: str, mode: schemathesis.GenerationMode
) -> None:
    @given(case=operations[route].as_strategy(generation_mode=mode))
    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,  # the same requests every time
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()
