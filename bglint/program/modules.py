"""Module ↔ file: the project's modules, loaded on demand, and what they define.

Nothing is imported or executed: a module is its parsed text.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from bglint import catalog, profiling
from bglint.noting import note_folder
from bglint.program.scopes import FunctionNode, Scope, ScopeNode, build_scope
from bglint.program.syntax import parse
from bglint.program.walking import statements, walk
from bglint.source import Source, UnreadableSourceError, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bglint.program.stores import Store

MAX_SOURCE_BYTES = 2 << 20
"""Larger modules are not followed: generated data. A megabyte of dense code takes seconds and half a gigabyte."""

_FOREIGN = {"site-packages", "node_modules", "__pycache__", ".git", ".venv", ".tox", ".nox", "dist-packages"}
_SEARCH_DEPTH = 4
_BEHIND_GLOBAL = re.compile(r"\bglobal\b([^\n]*)")
_WORD = re.compile(r"\w+")


class Module:
    """One parsed module, or a namespace package (no text, only submodules)."""

    def __init__(self, name: str, path: str, source: Source, tree: ast.Module) -> None:
        self.name = name
        self.path = path
        self.source = source
        self.tree = tree
        self.too_deep: str | None = None
        self.stores: dict[int, list[Store]] | None = None
        self._functions: dict[int, Function] = {}
        self._classes: dict[int, Class] = {}
        self._scopes: dict[int, Scope] = {}

    def __repr__(self) -> str:
        return f"<module {self.name}>"

    @property
    def is_package(self) -> bool:
        """Whether relative imports start at the module itself."""
        return os.path.basename(self.path) in {"__init__.py", "__init__.pyi", ""}

    @property
    def directory(self) -> str:
        """The folder that holds the module's submodules or siblings."""
        return self.path.rstrip("/") if self.path.endswith("/") else os.path.dirname(self.path)

    @cached_property
    def scope(self) -> Scope:
        """The module's own scope."""
        return build_scope(self.tree, self, None, "")

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """All statements of the module, the outer ones first."""
        return statements(self.tree)

    @cached_property
    def calls_by_name(self) -> dict[str, list[ast.Call]]:
        """All calls of the module by the last name of their callee."""
        found: dict[str, list[ast.Call]] = {}
        for node in walk(self.tree):
            if isinstance(node, ast.Call) and (name := last_name(node.func)):
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def declared_global(self) -> frozenset[str]:
        """The words that stand behind `global` in a row of the text: what functions may declare so, and a few more."""
        rows = _BEHIND_GLOBAL.findall(self.source.text)
        return frozenset(word for row in rows for word in _WORD.findall(row))

    @cached_property
    def imported_packages(self) -> frozenset[str]:
        """The top-level names of what the module imports, wherever the import stands; relative imports apart."""
        found: set[str] = set()
        for node in self.statements:
            match node:
                case ast.Import(names=names):
                    found.update(alias.name.partition(".")[0] for alias in names)
                case ast.ImportFrom(module=str(name), level=0):
                    found.add(name.partition(".")[0])
        return frozenset(found)

    def scope_of(self, node: ScopeNode, parent: Scope) -> Scope:
        """The scope of a function, class or lambda that stands in `parent`."""
        found = self._scopes.get(id(node))
        if found is None:
            name = getattr(node, "name", "<lambda>")
            qualname = f"{parent.qualname}.{name}" if parent.qualname else name
            found = self._scopes[id(node)] = build_scope(node, self, parent, qualname)
        return found

    def function(self, node: FunctionNode | ast.Lambda, parent: Scope, owner: Class | None = None) -> Function:
        """The function that a node defines; the same object for the same node."""
        found = self._functions.get(id(node))
        if found is None:
            found = self._functions[id(node)] = Function(self, node, parent, owner)
        return found

    def class_(self, node: ast.ClassDef, parent: Scope) -> Class:
        """The class that a node defines; the same object for the same node."""
        found = self._classes.get(id(node))
        if found is None:
            found = self._classes[id(node)] = Class(self, node, parent)
        return found

    def scopes_at(self, row: int, column: int) -> list[Scope]:
        """The scopes that hold a place, from the module's inwards (`column` as `ast` counts)."""
        scopes = [self.scope]
        place = (row, column)
        while True:
            for node in scopes[-1].nested:
                if (node.end_lineno or row) < row:
                    continue
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                if first <= row and (node.lineno, node.col_offset) <= place < _end(node) and _in_body(node, place):
                    scopes.append(self.scope_of(node, scopes[-1]))
                    break
            else:
                return scopes


def _end(node: ast.stmt) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def _in_body(node: FunctionNode | ast.ClassDef, place: tuple[int, int]) -> bool:
    """Whether a place lies in the body, not in the defaults or bases, which belong to the scope around."""
    return place >= (node.body[0].lineno, node.body[0].col_offset)


class Function:
    """A function, method or lambda of the project."""

    def __init__(self, module: Module, node: FunctionNode | ast.Lambda, parent: Scope, owner: Class | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.owner = owner

    def __repr__(self) -> str:
        return f"<function {self.symbol}>"

    @cached_property
    def scope(self) -> Scope:
        """The function's own scope."""
        return self.module.scope_of(self.node, self.parent)

    @property
    def name(self) -> str:
        """The name it was defined under."""
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name

    @property
    def qualname(self) -> str:
        """The dotted name within its module."""
        return f"{self.parent.qualname}.{self.name}" if self.parent.qualname else self.name

    @property
    def symbol(self) -> str:
        """The dotted name within the project."""
        return f"{self.module.name}.{self.qualname}" if self.module.name else self.qualname

    @property
    def is_async(self) -> bool:
        """Whether it is defined by `async def`."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_generator(self) -> bool:
        """Whether calling it only builds a generator."""
        return bool(self.scope.yields)

    @cached_property
    def parameters(self) -> list[ast.arg]:
        """Positional parameters in order, `self` included."""
        return [*self.node.args.posonlyargs, *self.node.args.args]

    @property
    def decorators(self) -> list[ast.expr]:
        """The decorators, as written, outermost first."""
        return [] if isinstance(self.node, ast.Lambda) else self.node.decorator_list

    @cached_property
    def is_stub(self) -> bool:
        """Whether the body says nothing: `...`, `pass`, a docstring, or NotImplementedError."""
        if isinstance(self.node, ast.Lambda):
            return False
        for statement in self.node.body:
            match statement:
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    continue
                case ast.Raise(exc=ast.Name(id="NotImplementedError")):
                    continue
                case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
                    continue
                case _:
                    return False
        return True

    @cached_property
    def decorator_names(self) -> frozenset[str]:
        """The last name of each decorator, called or not."""
        return frozenset(last_name(d.func if isinstance(d, ast.Call) else d) for d in self.decorators)


class Class:
    """A class of the project."""

    def __init__(self, module: Module, node: ast.ClassDef, parent: Scope) -> None:
        self.module = module
        self.node = node
        self.parent = parent

    def __repr__(self) -> str:
        return f"<class {self.symbol}>"

    @cached_property
    def scope(self) -> Scope:
        """The class body's scope."""
        return self.module.scope_of(self.node, self.parent)

    @property
    def name(self) -> str:
        """The name it was defined under."""
        return self.node.name

    @property
    def qualname(self) -> str:
        """The dotted name within its module."""
        return f"{self.parent.qualname}.{self.name}" if self.parent.qualname else self.name

    @property
    def symbol(self) -> str:
        """The dotted name within the project."""
        return f"{self.module.name}.{self.qualname}" if self.module.name else self.qualname

    @cached_property
    def methods(self) -> dict[str, list[Function]]:
        """The functions that the class body defines, by name; the last definition of a name is last."""
        found: dict[str, list[Function]] = {}
        for node in self.scope.nested:
            if not isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(self.module.function(node, self.scope, self))
        return found

    @cached_property
    def instance_attributes(self) -> dict[str, list[tuple[Function, ast.expr | None, ast.expr | None]]]:
        """What methods assign to `self.<name>`: the method, the value, the annotation."""
        found: dict[str, list[tuple[Function, ast.expr | None, ast.expr | None]]] = {}
        for methods in self.methods.values():
            for method in methods:
                if not method.parameters:
                    continue
                receiver = method.parameters[0].arg
                for target, value, annotation in method.scope.attributes:
                    if isinstance(target.value, ast.Name) and target.value.id == receiver:
                        found.setdefault(target.attr, []).append((method, value, annotation))
        return found


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, or nothing where the expression is none."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case _:
            return ""


def function_of(scope: Scope) -> Function | None:
    """The function whose own code a scope is; None for modules, classes and lambdas."""
    parent, node = scope.parent, scope.node
    if parent is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    owner = None
    if isinstance(parent.node, ast.ClassDef) and parent.parent is not None:
        owner = scope.module.class_(parent.node, parent.parent)
    return scope.module.function(node, parent, owner)


class ModuleIndex:
    """Finds the file that a module name means, and loads it once."""

    def __init__(self, root: str, source_roots: tuple[str, ...] = (".", "src")) -> None:
        """`root` is the folder beyond which nothing belongs to the project."""
        self.root = os.path.abspath(root)
        self.failures: dict[str, str] = {}
        self.overlay: dict[str, bytes] = {}
        self.asked: set[str] = set()
        self.missed: set[str] = set()
        self.names: set[str] = set()
        self._modules: dict[str, Module | None] = {}
        self._unnoted: set[str] = set()
        self._entries: dict[str, frozenset[str]] = {}
        self._found: dict[tuple[str, str], tuple[str | None, frozenset[str]]] = {}
        self._search: dict[str, list[str]] | None = None
        self.confine({self.root: source_roots})

    def confine(self, roots: Mapping[str, tuple[str, ...]]) -> None:
        """Let only what lies in some folders belong to the project; for each the import roots, as the settings say."""
        self.roots = tuple(roots)
        self.source_roots = [os.path.normpath(os.path.join(root, each)) for root in roots for each in roots[root]]
        self._bounds = tuple(f"{each.rstrip('/')}/" for each in self.roots)
        self.forget_layout()

    def root_of(self, folder: str) -> str:
        """The folder beyond which nothing belongs to the project that a folder lies in."""
        around = (each for each in self.roots if f"{folder}/".startswith(f"{each.rstrip('/')}/"))
        return max(around, key=len, default=self.root)

    def load(self, path: str, name: str | None = None, *, optional: bool = False) -> Module | None:
        """Parse the module at `path` (a file, or a folder for a namespace package); None where that fails.

        A failure is noted in `failures`, unless nobody needs the module (`optional`). Whoever wants to know what an
        answer rests on calls `begin` before, and finds the paths in `asked`, those of them that were needed and could
        not be read in `missed`, and in `names` the names that were looked for, without what follows a dot.
        """
        is_new = path not in self.asked
        self.asked.add(path)
        if path not in self._modules or (path in self._unnoted and not optional):
            try:
                self._modules[path] = self._read(path, name or self.name_of(path))
            except UnreadableSourceError as error:
                self._modules[path] = None
                if optional:
                    self._unnoted.add(path)
                else:
                    self._unnoted.discard(path)
                    self.failures[path] = str(error)
        module = self._modules[path]
        if module is None:
            if not optional:
                self.missed.add(path)
        elif is_new:
            module.name = name or self.name_of(path)
        return module

    def begin(self) -> None:
        """Forget what was asked: what is asked from now on is noted, and the first to load a module names it."""
        self.asked.clear()
        self.missed.clear()
        self.names.clear()

    @property
    def count(self) -> int:
        """How many modules have been asked for."""
        return len(self._modules)

    def loaded_since(self, count: int) -> list[Module]:
        """The modules that have been read since so many had been asked for."""
        return [module for module in islice(self._modules.values(), count, None) if module is not None]

    def release(self, modules: Iterable[Module]) -> None:
        """Forget modules, which are read again where they are asked for; nothing may hold on to them."""
        for module in modules:
            if module.too_deep is None and self._modules.pop(module.path, None) is not None:
                vars(module).clear()  # it is part of circles, and would wait for the garbage collector

    def too_deep(self) -> dict[str, str]:
        """The loaded files that hold code which is nested too deeply to be followed, with the reason."""
        modules = (module for module in self._modules.values() if module is not None)
        return {module.path: module.too_deep for module in modules if module.too_deep is not None}

    def data_of(self, path: str) -> bytes | None:
        """The text that a module was made of, if it was."""
        module = self._modules.get(path)
        return module.source.data if module is not None else None

    def text_of(self, path: str) -> str:
        """The text of a file, which is not parsed for it; empty where it cannot be read, or could not be parsed."""
        module = self._modules.get(path)
        if module is not None:
            return module.source.text
        try:
            return "" if path in self.failures else Source(path, self._bytes(path)).text
        except UnreadableSourceError:
            return ""

    def renew(self, path: str, data: bytes | None) -> bool:
        """Take another text for a file: `data`, or where that is None what is on the disk.

        Where `data` is not Python, and an earlier text was, that one goes on being the module's; returns False then.
        """
        before = self._modules.pop(path, None)
        self._unnoted.discard(path)
        self.failures.pop(path, None)
        self.put_over(path, data)
        if before is None or data is None or self.load(path, before.name) is not None:
            return True
        self._modules[path] = before
        self.put_over(path, before.source.data)
        self.failures.pop(path, None)
        return False

    def put_over(self, path: str, data: bytes | None) -> None:
        """Let `data` stand for what is on the disk from the next reading on; None: no longer."""
        if data is None:
            self.overlay.pop(path, None)
        else:
            self.overlay[path] = data

    def forget_layout(self) -> None:
        """Forget which files there are; what was parsed stays."""
        self._entries.clear()
        self._found.clear()
        self._search = None

    @profiling.stage("parsing")
    def _read(self, path: str, name: str) -> Module:
        if path.endswith("/"):
            return Module(name, path, Source(path, b""), ast.Module(body=[], type_ignores=[]))
        source = Source(path, self._bytes(path))
        return Module(name, path, source, parse(source.text))

    def _bytes(self, path: str) -> bytes:
        data = self.overlay.get(path)
        if data is None:
            try:
                data = read_regular(path, MAX_SOURCE_BYTES + 1)
            except OSError as error:
                raise UnreadableSourceError(f"cannot be read: {error.strerror or error}") from None
        if len(data) > MAX_SOURCE_BYTES:
            raise UnreadableSourceError(f"is larger than {MAX_SOURCE_BYTES >> 20} MiB")
        return data

    def import_module(self, name: str, importer: Module) -> Module | None:
        """The project's module that an absolute import means, as `importer` would find it."""
        path = self._find(name, importer)
        return self.load(path, name) if path else None

    def import_relative(self, name: str, level: int, importer: Module) -> Module | None:
        """The project's module that a relative import means."""
        folder = importer.directory
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        if not self._inside(folder):
            return None
        path = self._descend(folder, name.split(".")) if name else self._package(folder)
        if path is None:
            return None
        base = self.name_of(self._package(folder) or folder + "/")
        return self.load(path, f"{base}.{name}".strip("."))

    def submodule(self, package: Module, name: str) -> Module | None:
        """The module `name` in the folder of `package`."""
        if not package.is_package:
            return None
        path = self._descend(package.directory, [name])
        return self.load(path, f"{package.name}.{name}") if path else None

    def name_of(self, path: str) -> str:
        """The dotted name under which a file is imported: from its topmost package, else from its import root."""
        folder, base = os.path.split(path.rstrip("/"))
        parts = [] if base.startswith("__init__.") else [base.rpartition(".")[0] or base]
        if base.startswith("__init__."):
            folder, base = os.path.split(folder)
            parts = [base]
        while self._inside(folder) and self._has(folder, "__init__.py"):
            folder, base = os.path.split(folder)
            parts.insert(0, base)
        root = next((r for r in reversed(self.source_roots) if f"{folder}/".startswith(f"{r}/")), None)
        if root is not None and root != folder:
            parts[:0] = os.path.relpath(folder, root).split(os.sep)
        return ".".join(parts)

    def _inside(self, folder: str) -> bool:
        return f"{folder}/".startswith(self._bounds)

    def _has(self, folder: str, name: str) -> bool:
        self.names.add(name.partition(".")[0])
        entries = self._entries.get(folder)
        if entries is None:
            note_folder(folder)
            try:
                entries = frozenset(os.listdir(folder))
            except OSError:
                entries = frozenset()
            self._entries[folder] = entries
        return name in entries or f"{folder}/{name}" in self.overlay

    def _package(self, folder: str) -> str | None:
        """The module that a folder is: its `__init__`, or the folder itself."""
        for name in ("__init__.py", "__init__.pyi"):
            if self._has(folder, name):
                return f"{folder}/{name}"
        return folder + "/"

    def _descend(self, folder: str, parts: list[str]) -> str | None:
        """The file below `folder` that a dotted name means."""
        *packages, last = parts
        for part in packages:
            if part in _FOREIGN or not self._has(folder, part):
                return None
            folder = f"{folder}/{part}"
        if last in _FOREIGN:
            return None
        if self._has(folder, last) and os.path.isdir(f"{folder}/{last}"):
            package = self._package(f"{folder}/{last}")
            if package and not package.endswith("/"):
                return package
        for suffix in (".py", ".pyi"):
            if self._has(folder, last + suffix):
                return f"{folder}/{last}{suffix}"
        if self._has(folder, last) and os.path.isdir(f"{folder}/{last}"):
            return f"{folder}/{last}/"
        return None

    def _find(self, name: str, importer: Module) -> str | None:
        key = (name, importer.path)
        if key not in self._found:
            others, self.names = self.names, set()
            try:
                found = self._look_up(name, importer)
                self._found[key] = found, frozenset(self.names)
            finally:
                self.names |= others
        found, names = self._found[key]
        self.names |= names
        return found

    def _look_up(self, name: str, importer: Module) -> str | None:
        parts = name.split(".")
        first = parts[0]
        if first in sys.stdlib_module_names or first in _FOREIGN:
            return None
        plain, packages = self._ancestors(importer.directory)
        of_its_own = bool(packages) and os.path.basename(packages[-1]) == first
        known = catalog.knows_package(first) and not of_its_own
        for folder in plain:
            found = self._descend(folder, parts)
            if found is None or found == importer.path:
                continue
            if not known or folder in self.source_roots or self._is_local(name, found):
                return found
            if self._script_style(importer, folder, first):
                return found
        if known:
            return None
        for folder in packages:
            if (found := self._descend(folder, parts)) and found != importer.path:
                return found
        for folder in self._elsewhere(first):
            if (found := self._descend(folder, parts)) and not found.endswith("/"):
                return found
        return None

    def _ancestors(self, folder: str) -> tuple[list[str], list[str]]:
        """Folders that can be import roots for a file: plain ones (nearest first, source roots last), packages."""
        plain: list[str] = []
        packages: list[str] = []
        while self._inside(folder):
            (packages if self._has(folder, "__init__.py") else plain).append(folder)
            if self._has(folder, "src") and f"{folder}/src" not in plain:
                plain.append(f"{folder}/src")
            folder = os.path.dirname(folder)
        plain += [root for root in self.source_roots if root not in plain]
        return plain, packages

    def _is_local(self, name: str, found: str) -> bool:
        """Whether a file beside the importer is what a name below a library's means: the library has none of it."""
        return "." in name and not found.endswith("/") and not catalog.has_module(name)

    def _script_style(self, importer: Module, folder: str, first: str) -> bool:
        """Whether the importer takes other modules of `folder` by bare names: then a library's name may be local."""
        return any(
            other != first
            and other not in sys.stdlib_module_names
            and not catalog.knows_package(other)
            and (self._has(folder, other + ".py") or self._has(folder, other))
            for other in importer.imported_packages
        )

    def _elsewhere(self, first: str) -> list[str]:
        """Other folders of the project that hold a module or package of that name."""
        self.names.add(first)
        if self._search is None:
            self._search = {}
            for root in self.roots:
                self._gather(root, _SEARCH_DEPTH, self._search)
        return self._search.get(first, [])

    def _gather(self, folder: str, depth: int, into: dict[str, list[str]]) -> None:
        note_folder(folder)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return
        if any(entry.name == "pyvenv.cfg" for entry in entries) and folder not in self.roots:
            return
        is_package = any(entry.name == "__init__.py" for entry in entries)
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _FOREIGN:
                continue
            directory = entry.is_dir(follow_symlinks=False)
            if not is_package and (directory or entry.name.endswith(".py")):
                into.setdefault(entry.name.removesuffix(".py"), []).append(folder)
            if directory and depth:
                self._gather(entry.path, depth - 1, into)
