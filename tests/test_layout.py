"""The house's rules about who may import what, held over every file; each rule is shown to be able to fail."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = (  # from the top; a room may import the rooms below it, and itself
    ("app", "pages", "server"),
    ("ui", "api"),
    ("services",),
    ("turns",),
    ("llm", "stores", "markdown", "files"),
    ("values",),
)
ROOM_OF_FILE = {  # a file that is no folder's, by the room it belongs to; a folder is its own room
    "app": "app",
    "server": "server",
    "parlanchina": "values",
    "parlanchina.config": "values",
    "parlanchina.conversation": "turns",
    "parlanchina.errors": "values",
    "parlanchina.events": "values",
    "parlanchina.fields": "values",
    "parlanchina.messages": "values",
    "parlanchina.nodelay": "values",
    "parlanchina.ownership": "values",
    "parlanchina.paced": "turns",
    "parlanchina.params": "values",
    "parlanchina.reply_pictures": "turns",
    "parlanchina.reply_record": "turns",
    "parlanchina.reply_task": "turns",
    "parlanchina.services": "services",
    "parlanchina.turn": "turns",
    "parlanchina.turns": "turns",
    "parlanchina.variables": "values",
}
SELF_CONTAINED = {"markdown"}  # rooms that import nothing of ours
DRAWING = {"app", "pages", "server", "ui"}  # rooms that may import streamlit; the server is made by `st.App`
COMPOSING = {  # files that may read the environment
    "app": "the process starts here",
    "server": "the process starts here",
    "parlanchina.services": "the composition root",
    "parlanchina.llm": "its functions take no settings, so they find the process's own",
    "parlanchina.stores": "its functions take no settings, so they find the process's own",
    "parlanchina.files.apart": "a child process gets a few harmless names of its parent's, and none of its keys",
}
LONGEST = 330  # lines
MAY_BE_LONGER = {"parlanchina/errors.py": "one tree, read as a list: a class for each thing that can go wrong"}


@dataclass(frozen=True)
class Module:
    """One file, read."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @property
    def name(self) -> str:
        parts = self.path.removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The room this file stands in; empty if the table doesn't know."""
        top, *rest = self.name.split(".")
        is_folder = len(rest) > 1 or self.path.endswith("/__init__.py")
        if top == "parlanchina" and rest and is_folder:
            return rest[0]
        return "pages" if top == "pages" else ROOM_OF_FILE.get(self.name, "")

    def imports(self, *, known: frozenset[str] = frozenset()) -> Iterator[str]:
        """Every dotted name this file imports; `from package import module` is the module, where it is `known`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                for alias in node.names:
                    yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base

    def _absolute(self, node: ast.ImportFrom) -> str:
        package = self.name.split(".")
        if not self.path.endswith("/__init__.py"):
            package = package[:-1]
        above = package[: len(package) - node.level + 1] if node.level else []
        return ".".join([*above, *([node.module] if node.module else [])])


def arrows_point_down(modules: Sequence[Module]) -> Iterator[str]:
    rooms = {module.name: module.room for module in modules}
    depth = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    for module in modules:
        if module.room not in depth:
            yield f"{module.path} has no room: add it to ROOM_OF_FILE"
            continue
        for imported in module.imports(known=frozenset(rooms)):
            target = rooms.get(imported, module.room)
            if target not in (module.room, "") and depth.get(target, 0) <= depth[module.room]:
                yield f"{module.path} ({module.room}) imports {imported} ({target})"


def self_contained_rooms_import_nothing_of_ours(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        for imported in module.imports():
            is_ours = imported.split(".")[0] == "parlanchina"
            if module.room in SELF_CONTAINED and is_ours and imported.split(".")[1:2] != [module.room]:
                yield f"{module.path} imports {imported}"


def only_what_draws_imports_streamlit(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        if module.room not in DRAWING and any(name.split(".")[0] == "streamlit" for name in module.imports()):
            yield f"{module.path} imports streamlit"


def only_composition_reads_the_environment(modules: Sequence[Module]) -> Iterator[str]:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    for module in modules:
        for node in ast.walk(module.tree):
            read = isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os"
            taken = (
                isinstance(node, ast.ImportFrom)
                and node.module == "os"
                and any(alias.name in names for alias in node.names)
            )
            if (read or taken) and module.name not in COMPOSING:
                yield f"{module.path}:{node.lineno} reads the environment"  # type: ignore[attr-defined]  # both have a line


def imports_stand_at_the_top(modules: Sequence[Module]) -> Iterator[str]:
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for module in modules:
        for scope in ast.walk(module.tree):
            if isinstance(scope, scopes):
                for node in ast.walk(scope):
                    if isinstance(node, (ast.Import, ast.ImportFrom)):
                        yield f"{module.path}:{node.lineno} imports inside {scope.name}"


def files_are_short(modules: Sequence[Module]) -> Iterator[str]:
    for module in modules:
        if module.path not in MAY_BE_LONGER and (length := len(module.text.split("\n")) - 1) > LONGEST:
            yield f"{module.path} has {length} lines"


def nothing_goes_in_circles(modules: Sequence[Module]) -> Iterator[str]:
    known = frozenset(module.name for module in modules)
    graph = {module.name: {name for name in module.imports(known=known) if name in known} for module in modules}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " → ".join(reversed(error.args[1]))


Rule = Callable[[Sequence[Module]], Iterator[str]]
RULES: tuple[Rule, ...] = (
    arrows_point_down,
    self_contained_rooms_import_nothing_of_ours,
    only_what_draws_imports_streamlit,
    only_composition_reads_the_environment,
    imports_stand_at_the_top,
    files_are_short,
    nothing_goes_in_circles,
)


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """Every file of the app, as it stands."""
    paths = [
        *ROOT.glob("parlanchina/**/*.py"),
        *ROOT.glob("pages/**/*.py"),
        *ROOT.glob("app.py"),
        *ROOT.glob("server.py"),
    ]
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in sorted(paths)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Rule, modules: list[Module]) -> None:
    assert list(rule(modules)) == []


def test_the_house_was_looked_at(modules: list[Module]) -> None:
    assert {"parlanchina/__init__.py", "parlanchina/errors.py", "parlanchina/llm/base.py"} <= {
        m.path for m in modules
    }


def test_every_room_of_the_table_is_in_a_layer() -> None:
    assert set(ROOM_OF_FILE.values()) | SELF_CONTAINED | DRAWING <= {room for layer in LAYERS for room in layer}


BASE = Module("parlanchina/llm/base.py", "")
ERRORS = Module("parlanchina/errors.py", "")
SERVICES = Module("parlanchina/services.py", "")

BAD: list[tuple[Rule, str, str, str]] = [  # rule, path, text, what the complaint says
    (
        arrows_point_down,
        "parlanchina/errors.py",
        "import parlanchina.llm.base",
        "(values) imports parlanchina.llm.base",
    ),
    (arrows_point_down, "parlanchina/stores/x.py", "from parlanchina.llm.base import Provider", "(stores) imports"),
    (
        arrows_point_down,
        "parlanchina/stores/x.py",
        "from parlanchina.llm import base",
        "imports parlanchina.llm.base",
    ),
    (arrows_point_down, "parlanchina/stores/x.py", "from ..llm import base", "imports parlanchina.llm.base"),
    (arrows_point_down, "parlanchina/stores/__init__.py", "from ..llm.base import P", "imports parlanchina.llm.base"),
    (
        arrows_point_down,
        "parlanchina/llm/deep/x.py",
        "from ...services import S",
        "(llm) imports parlanchina.services",
    ),
    (
        arrows_point_down,
        "parlanchina/turns.py",
        "import parlanchina.services",
        "(turns) imports parlanchina.services",
    ),
    (arrows_point_down, "parlanchina/helpers.py", "", "has no room"),
    (arrows_point_down, "parlanchina/extra/x.py", "", "has no room"),
    (
        self_contained_rooms_import_nothing_of_ours,
        "parlanchina/markdown/x.py",
        "from parlanchina import errors",
        "imports",
    ),
    (self_contained_rooms_import_nothing_of_ours, "parlanchina/markdown/x.py", "from ..errors import E", "imports"),
    (only_what_draws_imports_streamlit, "parlanchina/turns.py", "import streamlit as st", "imports streamlit"),
    (only_what_draws_imports_streamlit, "parlanchina/api/x.py", "from streamlit.web import x", "imports streamlit"),
    (
        only_what_draws_imports_streamlit,
        "parlanchina/llm/x.py",
        "def f():\n    import streamlit",
        "imports streamlit",
    ),
    (only_composition_reads_the_environment, "parlanchina/config.py", "import os\nos.environ['A']", ":2 reads"),
    (only_composition_reads_the_environment, "parlanchina/llm/x.py", "import os\nos.getenv('A')", ":2 reads"),
    (only_composition_reads_the_environment, "pages/chat.py", "from os import environ as e", ":1 reads"),
    (
        imports_stand_at_the_top,
        "parlanchina/llm/x.py",
        "def f():\n    if 1:\n        import os",
        ":3 imports inside f",
    ),
    (imports_stand_at_the_top, "parlanchina/llm/x.py", "async def f():\n    from a import b", ":2 imports inside f"),
    (imports_stand_at_the_top, "parlanchina/llm/x.py", "class C:\n    import os", ":2 imports inside C"),
    (files_are_short, "app.py", "x = 1\n" * (LONGEST + 1), f"has {LONGEST + 1} lines"),
    (nothing_goes_in_circles, "parlanchina/errors.py", "import parlanchina.errors", "errors → parlanchina.errors"),
    (nothing_goes_in_circles, "parlanchina/llm/base.py", "from . import base", "llm.base → parlanchina.llm.base"),
]


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), BAD)
def test_each_rule_can_fail(rule: Rule, path: str, text: str, complaint: str) -> None:
    others = [module for module in (BASE, ERRORS, SERVICES) if module.path != path]
    problems = list(rule([*others, Module(path, text)]))
    assert len(problems) == 1
    assert problems[0].startswith(path) or rule is nothing_goes_in_circles
    assert complaint in problems[0]


def test_every_rule_is_among_those() -> None:
    assert {rule for rule, *_ in BAD} == set(RULES)


def test_a_circle_through_several_files_is_found() -> None:
    first = Module("parlanchina/llm/a.py", "from parlanchina.llm.b import B")
    second = Module("parlanchina/llm/b.py", "from parlanchina.llm import c")
    third = Module("parlanchina/llm/c.py", "from .a import A")
    assert list(nothing_goes_in_circles([first, second])) == []
    (problem,) = nothing_goes_in_circles([first, second, third])
    assert problem.count(" → ") == 3


GOOD = [
    ("app.py", "import streamlit as st\nfrom parlanchina.services import build_services"),
    ("pages/chat.py", "import streamlit as st\nimport parlanchina.errors"),
    ("server.py", "import os\nimport streamlit as st\nos.environ"),
    ("parlanchina/ui/x.py", "from streamlit import markdown\nfrom parlanchina.llm.base import Provider"),
    ("parlanchina/turns.py", "import parlanchina.llm.base\nimport streamlit_is_another_name"),
    ("parlanchina/llm/x.py", "from .base import Provider\nfrom parlanchina import errors"),
    ("parlanchina/markdown/x.py", "from parlanchina.markdown.blocks import B\nfrom . import y\nimport re"),
    ("parlanchina/llm/y.py", "try:\n    import a\nexcept ImportError:\n    a = None\n" + "x = 1\n" * (LONGEST - 4)),
    ("parlanchina/messages.py", "class Store:\n    environ = 1\nStore.environ\nfrom os import path"),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_allowed_passes(rule: Rule, path: str, text: str) -> None:
    assert list(rule([BASE, ERRORS, SERVICES, Module(path, text)])) == []
