"""Module ↔ file: which file an import means, from where, and under which name a file is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bglint.program.modules import Module, ModuleIndex

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path, *names: str) -> ModuleIndex:
    """Make the files; a name with a text gets it: `a.py: import b`."""
    for name in names:
        path, _, text = name.partition(": ")
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n", encoding="utf-8")
    return ModuleIndex(str(root))


def load(index: ModuleIndex, name: str) -> Module:
    module = index.load(f"{index.root}/{name}")
    assert module is not None
    return module


def imported(index: ModuleIndex, name: str, importer: str) -> str | None:
    """The file that an absolute import means, from the project's root."""
    return _relative(index, index.import_module(name, load(index, importer)))


def _relative(index: ModuleIndex, module: Module | None) -> str | None:
    if module is None:
        return None
    return os.path.relpath(module.path, index.root) + ("/" if module.path.endswith("/") else "")


# absolute imports


@pytest.mark.parametrize(
    ("files", "importer", "name", "found"),
    [
        (["app/__init__.py", "app/a.py", "app/b.py"], "app/a.py", "app.b", "app/b.py"),
        (["app/__init__.py", "app/a.py", "app/sub/__init__.py"], "app/a.py", "app.sub", "app/sub/__init__.py"),
        (["app/a.py", "app/sub/b.py"], "app/a.py", "app.sub", "app/sub/"),
        (["app/a.py", "app/sub/b.py"], "app/a.py", "app.sub.b", "app/sub/b.py"),
        (["a.py", "b.py"], "a.py", "b", "b.py"),
        (["a.py"], "a.py", "b", None),
        (["a.py"], "a.py", "a.b", None),
        (["a.py", "b.pyi"], "a.py", "b", "b.pyi"),
        (["a.py", "b.py", "b.pyi"], "a.py", "b", "b.py"),
        (["a.py", "b.py", "b/__init__.py"], "a.py", "b", "b/__init__.py"),
        (["a.py", "b.py", "b/data.txt"], "a.py", "b", "b.py"),
    ],
)
def test_an_import_means_the_file_that_python_would_take(
    tmp_path: Path, files: list[str], importer: str, name: str, found: str | None
) -> None:
    assert imported(tree(tmp_path, *files), name, importer) == found


@pytest.mark.parametrize("root", ["src", "app", "backend/app", "services/api/src", "lib"])
def test_the_folder_that_imports_start_from_is_found_by_itself(tmp_path: Path, root: str) -> None:
    index = tree(tmp_path, f"{root}/shop/__init__.py", f"{root}/shop/api.py", f"{root}/shop/mail.py", f"{root}/main.py")
    assert imported(index, "shop.mail", f"{root}/shop/api.py") == f"{root}/shop/mail.py"
    assert imported(index, "shop.mail", f"{root}/main.py") == f"{root}/shop/mail.py"


def test_several_applications_of_one_repository_each_find_their_own(tmp_path: Path) -> None:
    files = [
        f"{service}/{name}" for service in ("orders", "users") for name in ("app/main.py", "app/mail.py", "run.py")
    ]
    index = tree(tmp_path, *files)
    for service in ("orders", "users"):
        assert imported(index, "app.mail", f"{service}/app/main.py") == f"{service}/app/mail.py"
        assert imported(index, "app.main", f"{service}/run.py") == f"{service}/app/main.py"


def test_a_package_elsewhere_in_the_project_is_found(tmp_path: Path) -> None:
    index = tree(
        tmp_path, "services/api/main.py", "packages/common/shared/__init__.py", "packages/common/shared/mail.py"
    )
    assert imported(index, "shared.mail", "services/api/main.py") == "packages/common/shared/mail.py"


def test_configured_roots_are_searched(tmp_path: Path) -> None:
    tree(tmp_path, "deep/in/the/tree/of/python/shop/mail.py", "main.py")
    index = ModuleIndex(str(tmp_path), ("deep/in/the/tree/of/python",))
    assert imported(index, "shop.mail", "main.py") == "deep/in/the/tree/of/python/shop/mail.py"


@pytest.mark.parametrize("name", ["json", "logging.handlers", "asyncio"])
def test_the_standard_library_is_never_the_project(tmp_path: Path, name: str) -> None:
    index = tree(tmp_path, "a.py", "json.py", "logging/handlers.py", "asyncio/__init__.py")
    assert imported(index, name, "a.py") is None


def test_a_folder_named_like_a_library_does_not_hide_it(tmp_path: Path) -> None:
    index = tree(tmp_path, "app/api.py", "app/PIL/__init__.py", "app/redis.py", "src/main.py", "app/__init__.py")
    assert imported(index, "PIL", "app/api.py") is None
    assert imported(index, "redis", "src/main.py") is None


@pytest.mark.parametrize("folder", ["site-packages", "node_modules", ".venv", "__pycache__"])
def test_foreign_folders_are_not_searched(tmp_path: Path, folder: str) -> None:
    index = tree(tmp_path, "a.py", f"{folder}/shop/__init__.py")
    assert imported(index, "shop", "a.py") is None


def test_nothing_above_the_project_is_found(tmp_path: Path) -> None:
    tree(tmp_path, "outside.py", "project/a.py", "project/app/__init__.py")
    index = ModuleIndex(str(tmp_path / "project"))
    assert imported(index, "outside", "a.py") is None
    assert index.import_relative("outside", 2, load(index, "a.py")) is None
    assert index.import_relative("outside", 9, load(index, "app/__init__.py")) is None


# relative imports and submodules


@pytest.mark.parametrize(
    ("importer", "name", "level", "found"),
    [
        ("app/api/users.py", "orders", 1, "app/api/orders.py"),
        ("app/api/users.py", "", 1, "app/api/__init__.py"),
        ("app/api/users.py", "services.mail", 2, "app/services/mail.py"),
        ("app/api/users.py", "services", 2, "app/services/"),
        ("app/api/__init__.py", "users", 1, "app/api/users.py"),
        ("app/api/__init__.py", "services.mail", 2, "app/services/mail.py"),
        ("app/api/users.py", "nothing", 1, None),
    ],
)
def test_relative_imports_start_at_the_folder(
    tmp_path: Path, importer: str, name: str, level: int, found: str | None
) -> None:
    files = ["app/__init__.py", "app/api/__init__.py", "app/api/users.py", "app/api/orders.py", "app/services/mail.py"]
    index = tree(tmp_path, *files)
    assert _relative(index, index.import_relative(name, level, load(index, importer))) == found


def test_a_submodule_is_in_the_folder_of_its_package(tmp_path: Path) -> None:
    index = tree(tmp_path, "app/__init__.py", "app/mail.py", "app/api.py")
    assert _relative(index, index.submodule(load(index, "app/__init__.py"), "mail")) == "app/mail.py"
    assert index.submodule(load(index, "app/api.py"), "mail") is None


# names


@pytest.mark.parametrize(
    ("files", "path", "name"),
    [
        (["app/__init__.py", "app/api/__init__.py", "app/api/users.py"], "app/api/users.py", "app.api.users"),
        (["app/__init__.py", "app/api/__init__.py"], "app/api/__init__.py", "app.api"),
        (["src/app/__init__.py", "src/app/a.py"], "src/app/a.py", "app.a"),
        (["src/app/a.py"], "src/app/a.py", "app.a"),
        (["main.py"], "main.py", "main"),
        (["my-app.py"], "my-app.py", "my-app"),
        (["stubs.pyi"], "stubs.pyi", "stubs"),
    ],
)
def test_a_file_has_the_name_it_is_imported_by(tmp_path: Path, files: list[str], path: str, name: str) -> None:
    index = tree(tmp_path, *files)
    assert load(index, path).name == name


# loading


def test_a_module_is_loaded_once(tmp_path: Path) -> None:
    index = tree(tmp_path, "a.py", "b.py")
    assert index.import_module("b", load(index, "a.py")) is load(index, "b.py")


def test_what_cannot_be_read_is_noted_unless_nobody_needs_it(tmp_path: Path) -> None:
    index = tree(tmp_path, "a.py: def f(:", "b.py: x = 1")
    path = str(tmp_path / "a.py")
    assert index.load(path, optional=True) is None
    assert index.failures == {}
    assert index.load(path) is None
    assert "does not parse" in index.failures[path]
    assert index.load(str(tmp_path / "gone.py")) is None
    assert "cannot be read" in index.failures[str(tmp_path / "gone.py")]


def test_the_text_of_an_editor_takes_the_place_of_the_file(tmp_path: Path) -> None:
    index = tree(tmp_path, "a.py: x = 1")
    index.overlay[str(tmp_path / "a.py")] = b"y = 2\n"
    index.overlay[str(tmp_path / "new.py")] = b"z = 3\n"
    assert [*load(index, "a.py").scope.bindings] == ["y"]
    assert imported(index, "new", "a.py") == "new.py"


def test_the_packages_that_a_module_imports_are_those_of_every_scope(tmp_path: Path) -> None:
    index = tree(tmp_path, "a.py: import os.path, b.c as d\nfrom e.f import g\nfrom . import h\ndef i():\n    import j")
    assert load(index, "a.py").imported_packages == {"os", "b", "e", "j"}


@pytest.mark.parametrize(
    ("body", "is_stub"),
    [("...", True), ("pass", True), ('"""Says."""', True), ("raise NotImplementedError", True), ("return 1", False)],
)
def test_a_function_without_a_body_of_its_own_is_a_stub(tmp_path: Path, body: str, is_stub: bool) -> None:
    module = load(tree(tmp_path, f"a.py: def f():\n    {body}"), "a.py")
    node = module.scope.nested[0]
    function = module.function(node, module.scope)  # type: ignore[arg-type]
    assert function.is_stub is is_stub
    assert function.symbol == "a.f"
