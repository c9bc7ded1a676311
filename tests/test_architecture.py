"""The shape of the code: who may import whom, and that every analysis has all its places. Reads, runs nothing."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.analyses import ANALYSES
from engine.models import BACKENDS
from engine.models.roles import ROLES
from engine.steps.tasks import TASKS
from tests.planted import ROOT

HEAVY = {"torch", "torchvision", "transformers", "open_clip", "diffusers", "openai", "sklearn", "scipy", "umap"}
FOR_BACKENDS = {"torch", "torchvision", "transformers", "open_clip", "diffusers", "openai", "accelerate", "peft"}


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


ENGINE, PAGES = sources("engine"), [*sources("pages"), ROOT / "app.py"]


def imports(path: Path, top_only: bool = False) -> set[str]:
    """Full names of all modules that a file imports; `from a import b` counts as a.b, too, where that is a module."""
    return set(imported_in(path.read_text(), top_only))


def imported_in(text: str, top_only: bool = False) -> Iterator[str]:
    tree = ast.parse(text)
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(path: Path, top_only: bool = False) -> set[str]:
    return {name.partition(".")[0] for name in imports(path, top_only)}


def file_of(module: str) -> Path:
    spec = find_spec(module)
    assert spec, f"there is no module {module}"
    assert spec.origin
    return Path(spec.origin)


def breaches(paths: list[Path], forbidden: set[str], top_only: bool = False) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {', '.join(sorted(bad))}"
        for path in paths
        if (bad := roots(path, top_only) & forbidden)
    ]


def test_these_tests_see_imports_wherever_they_are():
    text = "import a.b\ndef f():\n    from c import d\n    if x:\n        import e as f\n"
    assert set(imported_in(text)) == {"a.b", "c", "c.d", "e"}
    assert set(imported_in(text, top_only=True)) == {"a.b"}


def test_the_engine_knows_no_pages():
    assert not breaches(ENGINE, {"streamlit", "pages", "app", "starlette"})


def test_pages_import_no_model_library_and_no_database():
    assert not breaches(PAGES, {*FOR_BACKENDS, "sqlite3"})


def test_pages_do_not_reach_into_the_store_or_heavy_back_ends():
    heavy = {module for module, _ in BACKENDS.values() if roots(file_of(module)) & FOR_BACKENDS}
    assert "engine.models.openai_endpoint" in heavy
    for path in PAGES:
        bad = imports(path) & {"engine.store.answers", "engine.steps.answers", *heavy}
        assert not bad, f"{path.relative_to(ROOT)} imports {bad}"


def test_model_libraries_live_in_back_ends_only():
    others = [path for path in ENGINE if path.parent.name != "models" and "models" not in path.parts]
    assert not breaches(others, FOR_BACKENDS)


def test_heavy_libraries_are_never_at_the_top_outside_back_ends():
    others = [path for path in ENGINE if "models" not in path.relative_to(ROOT).parts]
    assert not breaches(others, HEAVY, top_only=True)


def test_analyses_never_import_each_other():
    for name in ANALYSES:
        others = {f"engine.analyses.{other}" for other in ANALYSES if other != name}
        for path in own_files(name):
            bad = {found for found in imports(path) if any(f"{found}.".startswith(f"{other}.") for other in others)}
            assert not bad, f"{path.relative_to(ROOT)} imports {bad}"


def own_files(name: str) -> list[Path]:
    module = ROOT / "engine" / "analyses" / name
    return sorted(module.rglob("*.py")) if module.is_dir() else [module.with_suffix(".py")]


@pytest.mark.parametrize(
    ("lower", "uppers"),
    [
        ("engine/gallery", ("analyses", "steps", "models", "store", "jobs", "charts")),
        ("engine/models", ("analyses", "steps", "store", "jobs", "charts")),
        ("engine/steps", ("analyses", "jobs", "charts")),
        ("engine/analyses", ("jobs", "charts", "gallery.scan")),
        ("engine/charts", ("jobs", "steps", "models", "store")),
        ("engine/report", ("jobs", "steps")),
    ],
)
def test_nothing_looks_back(lower, uppers):
    """Gallery, then models and steps, then analyses, then jobs, which alone joins the parts."""
    for path in sources(lower):
        bad = {i for i in imports(path) for up in uppers if f"{i}.".startswith(f"engine.{up}.")}
        assert not bad, f"{path.relative_to(ROOT)} imports {bad}"


def test_no_file_has_a_name_that_says_nothing():
    said_nothing = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    for folder in ("engine", "pages", "tests", "benchmarks", "assets"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not {path.stem, path.parent.name} & said_nothing, path


@pytest.mark.parametrize("path", [*ENGINE, *PAGES], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_has_all_its_places(name):
    module = importlib.import_module(ANALYSES[name])
    assert ANALYSES[name] == f"engine.analyses.{name}"
    assert name == module.NAME
    assert isinstance(module.VERSION, int)
    assert set(module.ROLES) <= set(ROLES)
    for part in ("Params", "Result", "run", "estimate", "tables"):
        assert callable(getattr(module, part)), part
    for task in module.TASKS:
        assert (ROOT / "engine" / "prompts" / f"{task}.txt").read_text().strip(), task
    assert file_of(f"engine.charts.{name}").is_file()
    diff = importlib.import_module(f"{ANALYSES[name]}.diff")  # two runs side by side
    for part in ("diff", "lines", "tables"):
        assert callable(getattr(diff, part)), part
    found = importlib.import_module(f"engine.report.{name}")
    assert len(found.KINDS) >= 2, "its findings can be shared, one by one"
    assert callable(found.sections)
    assert f'"{name}": Method(' in (ROOT / "engine" / "report" / "methods.py").read_text()
    assert (ROOT / "pages" / f"{name}.py").is_file()
    assert f'"{name}.py"' in (ROOT / "pages" / "frame.py").read_text()
    tests = ROOT / "tests" / "analyses"
    assert list((tests / name).glob("test_*.py")) or (tests / f"test_{name}.py").is_file()


def test_every_analysis_module_is_in_the_table():
    shared = {"__init__", "criteria", "crossing", "estimating", "shares", "matching"}
    found = {
        p.stem for p in (ROOT / "engine" / "analyses").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert found - shared == set(ANALYSES)


def test_every_task_has_a_prompt_that_says_json():
    for name in TASKS:
        assert "JSON" in (ROOT / "engine" / "prompts" / f"{name}.txt").read_text(), name


def test_every_prompt_is_asked_by_somebody():
    asked = {task for name in ANALYSES for task in importlib.import_module(ANALYSES[name]).TASKS}
    assert {p.stem for p in (ROOT / "engine" / "prompts").glob("*.txt")} == asked


def test_prompts_hold_no_hint_about_a_data_set():
    """After specs/clusters.md: no hints about a particular data set, no demand for balanced sizes."""
    for path in (ROOT / "engine" / "prompts").glob("*.txt"):
        text = path.read_text().lower()
        assert not [word for word in ("cifar", "stl", "imagenet", "ppmi", "stanford", "balanced") if word in text], path


@pytest.mark.parametrize("name", BACKENDS)
def test_a_back_end_is_one_module_with_a_test(name):
    module, _ = BACKENDS[name]
    assert file_of(module).is_relative_to(ROOT / "engine" / "models")
    if name != "fake":  # what all tests stand on
        assert list((ROOT / "tests" / "models").rglob(f"test_{name}*.py")), f"{name} has no test"


IMPORTS_OF_PAGES = sorted({i for path in PAGES for i in imports(path) if f"{i}.".startswith("engine.")})


def test_what_pages_import_loads_no_model_library():
    """In a process of its own: everything that pages and the app import from the engine, also inside functions."""
    code = (
        "import importlib, importlib.util, json, sys\n"
        f"for name in {IMPORTS_OF_PAGES!r}:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ModuleNotFoundError as problem:\n"  # a.b where b is a name in a
        "        if problem.name != name: raise\n"
        "print(json.dumps([sorted(sys.modules), len(sys.modules)]))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, _ = json.loads(said.stdout)
    assert "engine.gallery.scan" in loaded
    heavy = {name for name in loaded if name.partition(".")[0] in HEAVY}
    assert not heavy


def test_telemetry_is_off():
    assert "gatherUsageStats = false" in (ROOT / ".streamlit" / "config.toml").read_text()
