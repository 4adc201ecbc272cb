"""Calling: which argument a parameter gets, and what a call gives back."""

from __future__ import annotations

import ast
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import branches, collections, hints, members, queries, saved, sizes, stores
from bglint.program.modules import last_name
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Construction,
    Coroutine,
    Display,
    External,
    ExternalObject,
    Frame,
    FunctionValue,
    Generator,
    Instance,
    Meanings,
    Member,
    ModuleValue,
    Partial,
    Value,
    merge,
    telling,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bglint.program.program import Program
    from bglint.program.scopes import Scope

MAX_DEPTH = 12
"""How many activations may lie within one another before parameters are left unbound."""
MAX_FRAMES = 8
"""In how many ways the parameters of one function are told apart; further calls see them unbound."""
MAX_CLOSURES = 256
"""The same for a function that defines functions: a decorator means something else for each function it is put on."""
_NO_LITERALS: Mapping[str, Constant] = MappingProxyType({})

_PASSED_ON = {
    "asyncio.wait_for": 0, "asyncio.shield": 0, "asyncio.create_task": 0, "asyncio.ensure_future": 0, "copy.copy": 0,
    "copy.deepcopy": 0, "asyncio.run": 0, "inspect.unwrap": 0, "weakref.proxy": 0, "builtins.iter": 0,
    "builtins.list": 0, "builtins.tuple": 0, "builtins.sorted": 0, "builtins.reversed": 0, "builtins.set": 0,
    "contextlib.closing": 0, "anyio.lowlevel.checkpoint": 0, "typing.cast": 1, "asgiref.sync.async_to_sync": 0,
    "asgiref.sync.sync_to_async": 0, "functools.update_wrapper": 0, "contextvars.copy_context": 0,
}  # fmt: skip
_ITERATE = {"builtins.list", "builtins.tuple", "builtins.sorted", "builtins.set"}
"""Those of them that leave no iterator behind."""
_RUN_FUNCTION = {
    "asyncio.to_thread": 0, "starlette.concurrency.run_in_threadpool": 0, "fastapi.concurrency.run_in_threadpool": 0,
    "anyio.to_thread.run_sync": 0, "anyio.to_process.run_sync": 0, "asyncio.AbstractEventLoop.run_in_executor": 1,
    "trio.to_thread.run_sync": 0,
}  # fmt: skip
_TRANSPARENT_DECORATORS = {
    "functools.lru_cache", "functools.cache", "functools.wraps", "contextlib.contextmanager",
    "contextlib.asynccontextmanager", "tenacity.retry", "backoff.on_exception",
}  # fmt: skip
_BUILDERS = {f"langgraph.graph.{kind}.compile" for kind in ("Graph", "MessageGraph", "StateGraph")}
"""Calls whose result does what was told to the object that they are called on."""
_LOOPS = {"asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.new_event_loop"}


Written = tuple[list[tuple[ast.expr, Frame]], dict[str, tuple[ast.expr, Frame]]]
"""Expressions with the frames they stand in, by position and by keyword."""


class FrameStore:
    """Gives the same frame for the same bindings, so that what is known of one is found again."""

    def __init__(self) -> None:
        self._frames: dict[object, Frame] = {}
        self._count: dict[tuple[Scope, Frame | None], int] = {}
        self._quoted: dict[int, tuple[ast.AST, ast.expr | None]] = {}

    def get(
        self,
        scope: Scope,
        parent: Frame | None,
        arguments: Mapping[str, Meanings],
        depth: int = 0,
        literals: Mapping[str, Constant] = _NO_LITERALS,
    ) -> Frame:
        """The frame of a scope, in the frame it was defined in, with its parameters bound."""
        owner = (id(scope), parent, depth > 0)
        told = tuple((name, type(each.value), each) for name, each in sorted(literals.items())) if literals else ()
        key = (owner, tuple(sorted(arguments.items())) if arguments else (), told)
        frame = self._frames.get(key)
        if frame is not None:
            return frame
        if arguments or literals:
            count = self._count.get((scope, parent), 0)
            if count >= (MAX_CLOSURES if scope.nested else MAX_FRAMES):
                return self.get(scope, parent, {}, depth)
            self._count[(scope, parent)] = count + 1
        frame = self._frames[key] = Frame(scope, parent, dict(arguments), depth, dict(literals))
        return frame

    def quoted(self, text: str, node: ast.AST) -> ast.expr | None:
        """The expression in a quoted annotation."""
        known = self._quoted.get(id(node))
        if known is None:
            try:
                parsed = ast.parse(text.strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                parsed = None
            if parsed is not None:
                for each in ast.walk(parsed):
                    if hasattr(each, "lineno"):
                        each.lineno = 1 << 60
            known = self._quoted[id(node)] = (node, parsed)
        return known[1]


class Arguments:
    """The arguments of a call: of a call expression in a frame, or given as meanings."""

    def __init__(
        self, program: Program | None, call: ast.Call | None, frame: Frame | None, given: Sequence[Meanings] = ()
    ) -> None:
        self.program = program
        self.call = call
        self.frame = frame
        self.given = list(given)

    @classmethod
    def of(cls, given: Sequence[Meanings]) -> Arguments:
        """Arguments whose meanings are known, by position."""
        return cls(None, None, None, given)

    def behind(self, skipped: int, earlier: Arguments | None = None) -> Arguments:
        """The arguments after the first `skipped` positional ones: what `run(f, *args)` hands to `f`."""
        return _Behind(self, skipped, earlier)

    def positionals(self) -> list[Meanings]:
        """The meanings of the positional arguments; an unpacked tuple of known parts is spread."""
        values = list(self.given)
        if self.call is not None and self.program is not None and self.frame is not None:
            for node in self.call.args:
                if isinstance(node, ast.Starred):
                    for value in self.program.infer(node.value, self.frame):
                        if isinstance(value, Collection) and value.ordered:
                            values += value.elements
                        elif isinstance(value, Display) and isinstance(value.node, ast.List | ast.Tuple):
                            values += [self.program.infer(each, value.frame) for each in value.node.elts]
                        break
                    else:
                        break
                else:
                    values.append(self.program.infer(node, self.frame))
        return values

    def positional(self, index: int) -> Meanings:
        """The meanings of one positional argument; none where it is not given."""
        values = self.positionals()
        return values[index] if index < len(values) else ()

    def expressions(self) -> Written | None:
        """The arguments as they are written; None where a part of them cannot be told."""
        if self.call is None or self.frame is None or self.given:
            return None
        if any(isinstance(each, ast.Starred) for each in self.call.args):
            return None
        keywords = {keyword.arg: (keyword.value, self.frame) for keyword in self.call.keywords if keyword.arg}
        if len(keywords) != len(self.call.keywords):
            return None
        return [(each, self.frame) for each in self.call.args], keywords

    def keywords(self) -> dict[str, Meanings]:
        """The meanings of the keyword arguments; an unpacked dict display is spread."""
        values: dict[str, Meanings] = {}
        if self.call is not None and self.program is not None and self.frame is not None:
            for keyword in self.call.keywords:
                if keyword.arg is not None:
                    values[keyword.arg] = self.program.infer(keyword.value, self.frame)
                    continue
                for value in self.program.infer(keyword.value, self.frame):
                    if isinstance(value, Display) and isinstance(value.node, ast.Dict):
                        for key, entry in zip(value.node.keys, value.node.values, strict=True):
                            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                                values[key.value] = self.program.infer(entry, value.frame)
        return values


class _Behind(Arguments):
    """What remains of arguments when the first ones are taken, put behind a partial's own."""

    def __init__(self, base: Arguments, skipped: int, earlier: Arguments | None) -> None:
        super().__init__(base.program, base.call, base.frame)
        self.base = base
        self.skipped = skipped
        self.earlier = earlier

    def positionals(self) -> list[Meanings]:
        first = self.earlier.positionals()[1:] if self.earlier is not None else []
        return first + self.base.positionals()[self.skipped :]

    def expressions(self) -> Written | None:
        base = self.base.expressions()
        earlier = self.earlier.expressions() if self.earlier is not None else ([], {})
        if base is None or earlier is None:
            return None
        return earlier[0][1:] + base[0][self.skipped :], {**earlier[1], **base[1]}

    def keywords(self) -> dict[str, Meanings]:
        first = self.earlier.keywords() if self.earlier is not None else {}
        return {**first, **self.base.keywords()}


def enter(program: Program, function: FunctionValue, arguments: Arguments) -> Frame:
    """The frame of a function's body when it is called."""
    scope = function.function.scope
    if function.frame.depth >= MAX_DEPTH:
        return program.frames.get(scope, function.frame, {}, MAX_DEPTH)
    bound = bind(function, arguments)
    depth = max(function.frame.depth, arguments.frame.depth if arguments.frame else 0) + 1
    if depth > MAX_DEPTH:
        bound = {name: values for name, values in bound.items() if values and function.receiver in values}
    literals = branches.literals(program, function, arguments) if depth <= MAX_DEPTH else {}
    return program.frames.get(scope, function.frame, bound, depth, literals)


def bind(function: FunctionValue, arguments: Arguments) -> dict[str, Meanings]:
    """Parameters by name with what they get; those that get nothing known are left out."""
    node = function.function.node
    positional = [*node.args.posonlyargs, *node.args.args]
    given = arguments.positionals()
    if function.receiver is not None:
        given = [(function.receiver,), *given]
    keywords = arguments.keywords()
    bound = {parameter.arg: values for parameter, values in zip(positional, given, strict=False)}
    if node.args.vararg is not None and len(given) > len(positional):
        bound[node.args.vararg.arg] = (Collection(tuple(given[len(positional) :]), ordered=True),)
    names = {parameter.arg for parameter in [*positional, *node.args.kwonlyargs]}
    bound.update((name, values) for name, values in keywords.items() if name in names)
    return {name: values for name, values in bound.items() if values}


def call(program: Program, callee: Value, arguments: Arguments) -> Meanings:
    """What calling a value gives back."""
    match callee:
        case FunctionValue(function=function):
            given_back = _call_function(program, callee, function.is_async, arguments)
            return tuple(_wrapping(program, function.scope, value) for value in given_back)
        case ClassValue():
            return (Instance(callee, _construction(arguments)),)
        case Instance():
            methods = members.member(program, callee, "__call__")
            return merge(*(call(program, method, arguments) for method in methods if method != callee), ())
        case Partial(target=target, call=earlier, frame=frame):
            return call(program, target, arguments.behind(0, Arguments(program, earlier, frame)))
        case External(name):
            return _call_external(program, catalog.canonical(name), arguments)
        case ExternalObject(type_name):
            returned = catalog.returned_type(f"{type_name}.__call__")
            return (ExternalObject(catalog.canonical(returned)),) if returned is not None else ()
        case Member(owner=owner, name=name):
            return collections.method(program, owner, name, arguments)
        case Display(node=ast.Subscript(value=generic), frame=frame):
            classes = [v for v in program.infer(generic, frame) if isinstance(v, ClassValue)]
            return tuple(Instance(each, _construction(arguments)) for each in classes)
        case _:
            return ()


def _construction(arguments: Arguments) -> Construction | None:
    return Construction(arguments.call, arguments.frame) if arguments.call and arguments.frame else None


def _call_function(program: Program, callee: FunctionValue, is_async: bool, arguments: Arguments) -> Meanings:
    frame = enter(program, callee, arguments)
    if callee.function.is_generator:
        return (Generator(callee, arguments.call, frame),)
    if is_async:
        return (Coroutine(callee, arguments.call, frame),)
    return result(program, callee, frame)


def _wrapping(program: Program, decorator: Scope, value: Value) -> Value:
    """A function that a decorator made, `@wraps(f)` above it: it goes by the name of what it wraps."""
    if not isinstance(value, FunctionValue) or value.origin is not None or value.function.parent is not decorator:
        return value
    for node in value.function.decorators:
        if isinstance(node, ast.Call) and len(node.args) == 1 and last_name(node.func) == "wraps":
            wrapped = [v for v in program.infer(node.args[0], value.frame) if isinstance(v, FunctionValue)]
            if len(wrapped) == 1:
                return replace(value, origin=wrapped[0].origin or wrapped[0].function)
    return value


def result(program: Program, function: FunctionValue, frame: Frame) -> Meanings:
    """What a function's body returns in a frame; its annotation where the body does not tell."""
    node = function.function.node
    if isinstance(node, ast.Lambda):
        return program.infer(node.body, frame)
    scope = function.function.scope
    idle = branches.skipped(program, frame)
    returns = [each for each in scope.returns if not branches.within(each, idle)]
    returned = merge(*(program.infer(each.value, frame) for each in returns if each.value), ())
    results = telling(returned)
    vague = all(isinstance(v, External | Instance) for v in results)
    if node.returns is not None and (not results or (vague and not any(isinstance(v, Instance) for v in results))):
        declared = hints.instances(program, node.returns, function.frame)
        if declared:
            return declared
    return results or returned


def yielded(program: Program, function: FunctionValue, frame: Frame) -> Meanings:
    """What a generator function's body yields in a frame."""
    with program.asking(("yielded", id(function.function.node), frame)) as fresh:
        return _yielded(program, function, frame) if fresh else ()


def _yielded(program: Program, function: FunctionValue, frame: Frame) -> Meanings:
    found: list[Meanings] = []
    for each in function.function.scope.yields:
        if each.value is None:
            continue
        values = program.infer(each.value, frame)
        if isinstance(each, ast.YieldFrom):
            values = merge(*(collections.elements(program, value) for value in values), ())
        found.append(values)
    if (
        not any(found)
        and not isinstance(function.function.node, ast.Lambda)
        and function.function.node.returns is not None
    ):
        declared = hints.instances(program, function.function.node.returns, function.frame)
        return merge(*(collections.elements(program, value) for value in declared), ())
    return merge(*found, ())


def _call_external(program: Program, name: str, arguments: Arguments) -> Meanings:
    if arguments.call is not None and arguments.frame is not None and stores.is_made_empty(arguments.call):
        return (Display(arguments.call, arguments.frame),)
    if name in _PASSED_ON:
        given = arguments.positional(_PASSED_ON[name])
        return tuple(collections.iterated(program, v) for v in given) if name in _ITERATE else given
    if name in _RUN_FUNCTION:
        index = _RUN_FUNCTION[name]
        return merge(*(call(program, v, arguments.behind(index + 1)) for v in arguments.positional(index)), ())
    if name in _LOOPS:
        return (ExternalObject("asyncio.AbstractEventLoop"),)
    if name == "functools.partial" and arguments.call is not None and arguments.frame is not None:
        return tuple(Partial(target, arguments.call, arguments.frame) for target in arguments.positional(0))
    if name in {"functools.wraps()", "functools.lru_cache()", "functools.cache", "functools.lru_cache"}:
        return arguments.positional(0) or (External(name + "()"),)
    if name == "asyncio.gather":
        return (Collection(tuple(program.awaited(v) for v in arguments.positionals()), ordered=True),)
    if name == "builtins.getattr":
        return _getattr(program, arguments)
    if name == "importlib.import_module":
        return _import_module(program, arguments)
    if name in {"builtins.next", "builtins.anext", "builtins.enumerate", "builtins.zip"}:
        return _iterated(program, name, arguments)
    if kept := _kept(program, name, arguments):
        return kept
    name = sizes.name_as_called(program, name, arguments.call, arguments.frame)
    returned = catalog.returned_type(name)
    if returned is not None:
        made = _construction(arguments) if name in _BUILDERS else None
        return (ExternalObject(catalog.canonical(returned), made),)
    last = name.rpartition(".")[2]
    if last[:1].isupper():
        return (ExternalObject(name),)
    return _decorated(name, arguments) or (External(f"{name}()"),)


def _kept(program: Program, name: str, arguments: Arguments) -> Meanings:
    """The objects that a database gives back, or a file that the same module writes."""
    found = queries.given(program, name, arguments)
    if found or arguments.frame is None:
        return found
    return saved.given(program, name, arguments.frame.scope.module)


def _decorated(name: str, arguments: Arguments) -> Meanings:
    """What `retry(…)(f)` gives: as a library's decorator it is transparent, and so it is when it is called."""
    given = arguments.positionals() if name.endswith("()") else []
    functions = given[0] if len(given) == 1 else ()
    return functions if all(isinstance(value, FunctionValue) for value in functions) else ()


def _getattr(program: Program, arguments: Arguments) -> Meanings:
    wanted = [v.value for v in arguments.positional(1) if isinstance(v, Constant)]
    if len(wanted) != 1 or not isinstance(wanted[0], str):
        return ()
    found = merge(*(members.member(program, value, wanted[0]) for value in arguments.positional(0)), ())
    return found or telling(arguments.positional(2))


def _import_module(program: Program, arguments: Arguments) -> Meanings:
    frame = arguments.frame
    if frame is None or arguments.call is None or not arguments.call.args:
        return ()
    importer = frame.scope.module
    name = _text(program, arguments.call.args[0], frame)
    if name is None:
        return ()
    path = name.lstrip(".")
    level = len(name) - len(path)
    module = (
        program.index.import_relative(path, level, importer) if level else program.index.import_module(path, importer)
    )
    return (ModuleValue(module),) if module is not None else (External(path),)


def _text(program: Program, node: ast.expr, frame: Frame) -> str | None:
    """The text that an expression is, the first where it may be several; None where a part of it is not known."""
    match node:
        case ast.Name(id="__name__"):
            return frame.scope.module.name
        case ast.Name(id="__package__"):
            module = frame.scope.module
            return module.name if module.is_package else module.name.rpartition(".")[0]
        case ast.FormattedValue(value=value):
            return _text(program, value, frame)
        case ast.JoinedStr(values=parts):
            return _joined([_text(program, part, frame) for part in parts])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([_text(program, left, frame), _text(program, right, frame)])
        case _:
            values = (value.value for value in program.infer(node, frame) if isinstance(value, Constant))
            return next((value for value in values if isinstance(value, str)), None)


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


def _iterated(program: Program, name: str, arguments: Arguments) -> Meanings:
    parts = [
        merge(*(collections.elements(program, value) for value in values), ()) for values in arguments.positionals()
    ]
    if name in {"builtins.next", "builtins.anext"}:
        return parts[0] if parts else ()
    if name == "builtins.enumerate":
        parts.insert(0, (ExternalObject("builtins.int"),))
    return (Collection(((Collection(tuple(parts), ordered=True),),)),)
