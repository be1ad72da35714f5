"""The order of the stages, one place per third-party package, and how large things may grow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import nsimlib
from nsimlib.manifests.shipped import read_shipped, shipped_names
from tests.conftest import ROOT

PACKAGE = ROOT / "nsimlib"

#: the way of the data; each stage imports only from itself and from those before it
ORDER = (
    "errors",
    "model",
    "manifests",
    "redaction",
    "cni",
    "evaluation",
    "explanation",
    "dns",
    "patterns",
    "datapath",
    "audit",
    "packets",
    "views",
    "widgets",
    "lessons",
    "cli",
)

#: who may import a module by a name that this test cannot see, and why
IMPORT_MODULE = {
    "nsimlib": "widgets are imported when they are asked for",
    "nsimlib.cli.commands": "a command is imported when it is called: a question needs no chains",
    "nsimlib.model.shown": "what shows itself reaches forward to views, at the moment it is shown",
    "nsimlib.evaluation.bits": "the compiled bit sets have a twin in pure Python",
}

#: who may catch whatever is raised, and why
CATCHES = {"nsimlib.lessons.learner_code": "what a learner's own lines raise is told by the line"}

#: where a third-party package may be imported; elsewhere, use what is built on it there
PLACES = {
    "IPython": ("views", "lessons"),
    "anywidget": ("widgets",),
    "click": ("cli",),
    "dns": ("dns", "packets"),
    "ipywidgets": ("widgets",),
    "matplotlib": ("views",),
    "msgspec": ("manifests",),
    "netaddr": ("model.addresses",),
    "numpy": ("manifests",),
    "networkx": ("model.graph",),
    "pandas": ("model.tables",),
    "ruamel": ("audit",),
    "ryml": ("manifests",),
    "simpy": ("dns",),
    "tqdm": ("views", "lessons", "cli"),
    "traitlets": ("widgets",),
    "yaml": ("manifests",),
}

#: what no import of nsimlib may bring with it
HEAVY = (
    "IPython",
    "anywidget",
    "ipywidgets",
    "matplotlib",
    "msgspec",
    "networkx",
    "numpy",
    "pandas",
    "pyroaring",
    "ryml",
    "simpy",
    "tqdm",
)

#: functions that have the name of their package, and so are bound from the start
DOORS = ("audit", "datapath")
MAX_MODULE, MAX_FUNCTION = 300, 40
#: an index with three lines for each public name grows with them
INDEX, MAX_INDEX = "nsimlib", 400
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A module of the package, read and not run."""

    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        parts = self.path.relative_to(PACKAGE.parent).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @property
    def stage(self) -> str:
        return [*self.name.split("."), ""][1]

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def public(self) -> list[str]:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names: list[str] = ast.literal_eval(node.value)
                return names
        return []

    def imports(self, *, late: bool = True, for_types: bool = True) -> Iterator[tuple[str, str]]:
        """Yield what is imported, as module and name; `late` imports stand inside a function."""
        hidden = set[ast.AST]()
        for node in ast.walk(self.tree):
            types_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            if (types_only and not for_types) or (isinstance(node, Function) and not late):
                body = node.body if isinstance(node, ast.If | Function) else []
                hidden.update(each for statement in body for each in ast.walk(statement))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import) and node not in hidden:
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node not in hidden:
                assert node.level == 0, f"{self.name} imports relatively"
                yield from ((node.module or "", alias.name) for alias in node.names)


MODULES = {module.name: module for module in map(Module, sorted(PACKAGE.rglob("*.py")))}
IMPORTED = {each for module in MODULES.values() for each in module.imports()}
STAGED = [module for module in MODULES.values() if module.stage]


def by_name(module: Module) -> str:
    return module.name


def test_every_stage_has_its_place() -> None:
    assert {module.stage for module in STAGED} <= set(ORDER)


@pytest.mark.parametrize("module", STAGED, ids=by_name)
def test_stages_import_from_those_before_them(module: Module) -> None:
    allowed = ORDER[: ORDER.index(module.stage) + 1]
    ours = [name.split(".") for name, _ in module.imports() if name.split(".")[0] == "nsimlib"]
    assert [parts for parts in ours if parts[1:2] == [] or parts[1] not in allowed] == []


def test_nothing_else_is_imported_by_name_alone() -> None:
    found = {
        module.name
        for module in MODULES.values()
        if any(name == "importlib" for name, _ in module.imports())
    }
    assert found <= set(IMPORT_MODULE)


def test_no_two_modules_import_each_other() -> None:
    """The sorter raises CycleError; imports inside functions are what breaks a cycle."""
    graph = {
        module.name: {
            f"{source}.{name}" if f"{source}.{name}" in MODULES else source
            for source, name in module.imports(late=False)
            if source in MODULES
        }
        for module in STAGED
    }
    assert tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("package", sorted(PLACES))
def test_third_party_packages_have_one_place(package: str) -> None:
    users = [
        module.name
        for module in MODULES.values()
        if any(name.split(".")[0] == package for name, _ in module.imports(for_types=False))
    ]
    places = tuple(f"nsimlib.{place}" for place in PLACES[package])
    assert [
        name for name in users if not f"{name}.".startswith(tuple(f"{p}." for p in places))
    ] == []


def test_every_third_party_package_is_placed() -> None:
    known = sys.stdlib_module_names | {"nsimlib"} | set(PLACES)
    roots = {name.split(".")[0] for module in STAGED for name, _ in module.imports()}
    assert roots - known == set()


def test_heavy_packages_stay_out_until_they_are_used() -> None:
    program = f"import nsimlib, sys; print(*sorted(set({HEAVY}) & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    program = "import nsimlib, sys; print(*(name for name in sys.modules if 'nsimlib' in name))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    doors = {f"nsimlib.{each}" for name in DOORS for each in (name, f"{name}.entry")}
    assert {name for name in found.stdout.split() if not name.startswith("_")} == {
        "nsimlib",
        *doors,
    }


def test_public_names_are_found_where_type_checkers_find_them() -> None:
    tree = MODULES["nsimlib"].tree
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    told = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in imports
        for alias in node.names
        if node.module and node.module.startswith("nsimlib.")
    }
    places = {
        each.partition(":")[0]: f"nsimlib.{module}:{each.rpartition(':')[2]}"
        for module, names in nsimlib.PLACES.items()
        for each in names.split()
    }
    doors = {name: f"nsimlib.{name}.entry:{name}" for name in DOORS}
    assert {**places, **doors} == told
    assert told.keys() == set(nsimlib.__all__)


def test_the_reading_order_is_the_order_of_the_stages() -> None:
    docstring = ast.get_docstring(MODULES["nsimlib"].tree) or ""
    lines = [line.split() for line in docstring.splitlines() if line.startswith("    ")]
    assert tuple(words[0] for words in lines if words) == ORDER


@pytest.mark.parametrize("module", MODULES.values(), ids=by_name)
def test_modules_are_short(module: Module) -> None:
    most = MAX_INDEX if module.name == INDEX else MAX_MODULE
    assert len(module.path.read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("module", MODULES.values(), ids=by_name)
def test_functions_are_short(module: Module) -> None:
    assert {
        node.name: length(node) for node in module.functions if length(node) > MAX_FUNCTION
    } == {}


def length(function: Function) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


@pytest.mark.parametrize("module", STAGED, ids=by_name)
def test_modules_say_what_is_public(module: Module) -> None:
    """What another module imports is public, and what is public is there."""
    imported = {
        name
        for source, name in IMPORTED
        if source == module.name and f"{source}.{name}" not in MODULES
    }
    defined = {name for node in module.tree.body for name in names(node)}
    assert module.public == sorted(
        module.public, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    assert (imported - set(module.public), set(module.public) - defined) == (set(), set())


def names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (ast.unparse(target) for target in targets)
        case ast.AnnAssign(target=target):
            yield ast.unparse(target)
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name for alias in aliases)


@pytest.mark.parametrize("module", MODULES.values(), ids=by_name)
def test_no_error_is_swallowed_unseen(module: Module) -> None:
    handlers = [node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler)]
    caught = [ast.unparse(node.type) if node.type else "" for node in handlers]
    catches = {"Exception"} if module.name in CATCHES else set()
    assert set(caught) & {"", "Exception", "BaseException"} == catches


@pytest.mark.parametrize("module", MODULES.values(), ids=by_name)
def test_direction_is_a_value_and_no_flag(module: Module) -> None:
    arguments = [arg for node in module.functions for arg in ast.walk(node.args)]
    flags = [
        arg.arg
        for arg in arguments
        if isinstance(arg, ast.arg)
        and ("gress" in arg.arg or "direction" in arg.arg)
        and (
            arg.arg.startswith("is_") or (arg.annotation and ast.unparse(arg.annotation) == "bool")
        )
    ]
    assert flags == []


def test_a_public_name_stays_what_it_is_once_its_stage_is_imported() -> None:
    """A function called like a stage must be imported at once, or the module takes its place."""
    shared = sorted(set(MODULES["nsimlib"].public) & set(ORDER))
    imports = "; ".join(f"import nsimlib.{name}" for name in shared)
    program = f"{imports}; print(*(callable(getattr(nsimlib, name)) for name in {shared}))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["True"] * len(shared)


# One name through the tree

#: scenarios that no lesson is about
WITHOUT_LESSON = ("enforcers-part", "shop")


def test_every_scenario_has_a_lesson() -> None:
    sources = (ROOT / "notebooks" / "src" / "lessons").glob("[0-9][0-9]-*.py")
    lessons = {path.stem[3:] for path in sources}
    assert set(shipped_names("data", "scenarios")) - lessons == set(WITHOUT_LESSON)


@pytest.mark.parametrize("folder", ["exercises", "predictions"])
def test_exercises_and_predictions_are_named_after_a_lesson(folder: str) -> None:
    lessons = {name[3:] for name in shipped_names("data", "lessons")}
    for slug in shipped_names("data", folder):
        entries = read_shipped("data", folder, f"{slug}.yaml")
        assert isinstance(entries, list)
        assert slug in lessons
        assert [each["id"] for each in entries if not each["id"].startswith(f"{slug}/")] == []
