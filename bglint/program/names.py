"""Names: from a use to its bindings, and from a binding to what it holds."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import branches, calling, collections, hints, members, state
from bglint.program.scopes import END, Binding, Kind, Place
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Display,
    External,
    Frame,
    FunctionValue,
    Instance,
    Meanings,
    ModuleValue,
    merge,
    telling,
)

if TYPE_CHECKING:
    from bglint.program.modules import Module
    from bglint.program.program import Program

_BUILTINS = frozenset(dir(builtins))


def look_up(program: Program, name: str, frame: Frame, place: Place) -> Meanings:
    """What a name means at a place of a frame's own code."""
    current = frame
    at = place
    while (outer := current.parent) is not None:
        scope = current.scope
        visible = current is frame or not scope.is_class
        if visible and name not in scope.outer_names and name in scope.bindings:
            bindings = scope.reaching(name, at)
            if len(bindings) > 1 and (idle := branches.skipped(program, current)):
                bindings = [b for b in bindings if not branches.within(b.node, idle)] or bindings
            if scope.is_class and bindings and all(binding.place >= at for binding in bindings):
                bindings = []
            found = merge(*(bound(program, binding, current) for binding in bindings), ())
            if found or bindings:
                return found
        node = scope.node
        at = (node.lineno, node.col_offset) if isinstance(node, ast.Lambda | ast.ClassDef) else END
        current = outer
    if at != END:
        return _global(program, name, current, at)
    return program.remembered((current, name), lambda: _global(program, name, current, END))


def _global(program: Program, name: str, frame: Frame, place: Place) -> Meanings:
    """What a name means at a place of a module, whose frame is given; END: once the module has run."""
    scope = frame.scope
    if name not in scope.outer_names and name in scope.bindings:
        bindings = scope.reaching(name, place)
        found = merge(*(bound(program, binding, frame) for binding in bindings), ())
        found = _or_set_later(program, scope.module, name, found)
        if found or (bindings and not scope.star_imports):
            return found
    if scope.star_imports:
        found = _star(program, name, frame)
        if found:
            return found
    return (External(f"builtins.{name}"),) if name in _BUILTINS else ()


def _or_set_later(program: Program, module: Module, name: str, found: Meanings) -> Meanings:
    """The meanings of a module's name, and what functions set it to: then a None stands for "not yet"."""
    later = state.set_by_functions(program, module, name)
    return merge(telling(found), later) if later else found


def module_member(program: Program, module: Module, name: str) -> Meanings:
    """What a module's attribute means once the module has run."""
    frame = program.module_frame(module)
    if name in module.scope.bindings:
        bindings = module.scope.reaching(name, END)
        found = merge(*(bound(program, binding, frame) for binding in bindings), ())
        found = _or_set_later(program, module, name, found)
        if found:
            return found
    if (submodule := program.index.submodule(module, name)) is not None and submodule is not module:
        return (ModuleValue(submodule),)
    return _star(program, name, frame) or _on_demand(program, module, name)


def _on_demand(program: Program, module: Module, name: str) -> Meanings:
    """What a module's own `__getattr__` gives for a name that it does not bind."""
    if "__getattr__" not in module.scope.bindings or name.startswith("__"):
        return ()
    with program.asking(("on demand", module.path, name)) as fresh:
        if not fresh:
            return ()
        frame, given = program.module_frame(module), calling.Arguments.of([(Constant(name),)])
        getters = [bound(program, each, frame) for each in module.scope.reaching("__getattr__", END)]
        return telling(merge(*(calling.call(program, getter, given) for getter in merge(*getters, ())), ()))


def _star(program: Program, name: str, frame: Frame) -> Meanings:
    """What a star import of a frame's scope brings in under a name; the last import that has it counts."""
    if name.startswith("_"):
        return ()
    module = frame.scope.module
    for node in reversed(frame.scope.star_imports):
        source = imported_module(program, node, module)
        if isinstance(source, ModuleValue) and source.module is not module:
            found = _member_asked_once(program, node, name, source.module)
            if found:
                return found
    return _library_star(program, name, module)


def _library_star(program: Program, name: str, module: Module) -> Meanings:
    """What a star import of a library brings in: what the catalogue knows of it, or anything if there is no other."""
    if name in _BUILTINS:
        return ()
    sources = [imported_module(program, node, module) for node in reversed(module.scope.star_imports)]
    libraries = [source.name for source in sources if isinstance(source, External)]
    for library in libraries:
        if catalog.describes(f"{library}.{name}"):
            return (External(f"{library}.{name}"),)
    return (External(f"{libraries[0]}.{name}"),) if len(sources) == 1 and libraries else ()


def _member_asked_once(program: Program, node: ast.ImportFrom, name: str, module: Module) -> Meanings:
    """What an import brings in under a name; nothing where modules import it from each other in a circle."""
    with program.asking((id(node), name)) as fresh:
        return module_member(program, module, name) if fresh else ()


def imported_module(program: Program, node: ast.ImportFrom, module: Module) -> ModuleValue | External | None:
    """The module that a `from … import` takes names from; None for a relative one that is not there."""
    if node.level:
        found = program.index.import_relative(node.module or "", node.level, module)
        return ModuleValue(found) if found is not None else None
    name = node.module or ""
    found = program.index.import_module(name, module)
    return ModuleValue(found) if found is not None else External(name)


def bound(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """What one binding holds."""
    match binding.kind:
        case Kind.IMPORT:
            return _import(program, binding, frame)
        case Kind.FROM:
            return _from_import(program, binding, frame)
        case Kind.FUNCTION:
            return _function(program, binding.node, frame)  # type: ignore[arg-type]
        case Kind.CLASS:
            assert isinstance(binding.node, ast.ClassDef)
            return (ClassValue(frame.scope.module.class_(binding.node, frame.scope), frame),)
        case Kind.PARAMETER:
            assert isinstance(binding.node, ast.arg)
            return parameter(program, binding, frame)
        case Kind.DECLARED:
            return hints.instances(program, binding.annotation, frame) if binding.annotation else ()
        case Kind.OPAQUE:
            return ()
        case _:
            return _assigned(program, binding, frame)


def _import(program: Program, binding: Binding, frame: Frame) -> Meanings:
    assert isinstance(binding.node, ast.alias)
    alias = binding.node
    name = alias.name if alias.asname else alias.name.partition(".")[0]
    module = program.index.import_module(name, frame.scope.module)
    if module is None and not alias.asname and "." in alias.name:
        full = program.index.import_module(alias.name, frame.scope.module)
        if full is not None and full.directory.endswith("/" + "/".join(alias.name.split(".")[:-1])):
            folder = full.directory
            for _ in alias.name.split(".")[2:]:
                folder = folder.rpartition("/")[0]
            module = program.index.load(folder + "/", name)
    return (ModuleValue(module),) if module is not None else (External(name),)


def _from_import(program: Program, binding: Binding, frame: Frame) -> Meanings:
    assert isinstance(binding.node, ast.ImportFrom)
    source = imported_module(program, binding.node, frame.scope.module)
    match source:
        case ModuleValue(module):
            if module is frame.scope.module:
                submodule = program.index.submodule(module, binding.name)
                return (ModuleValue(submodule),) if submodule is not None else ()
            return (
                _member_asked_once(program, binding.node, binding.name, module)
                or _module_elsewhere(program, binding, frame)
                or _installed(module, binding)
            )
        case External(name):
            return (External(f"{name}.{binding.name}"),)
        case None:
            return ()


def _module_elsewhere(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """The module of that full name under another root: packages may be spread over several folders."""
    node = binding.node
    if not isinstance(node, ast.ImportFrom) or node.level or node.module is None:
        return ()
    module = program.index.import_module(f"{node.module}.{binding.name}", frame.scope.module)
    return (ModuleValue(module),) if module is not None else ()


def _installed(module: Module, binding: Binding) -> Meanings:
    """What a library has under that name, where a folder without a module of its own is only called like it."""
    node = binding.node
    if not module.path.endswith("/") or not isinstance(node, ast.ImportFrom) or node.level or node.module is None:
        return ()
    return (External(f"{node.module}.{binding.name}"),)


def _function(program: Program, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Meanings:
    scope = frame.scope
    owner = None
    if scope.is_class and scope.parent is not None:
        assert isinstance(scope.node, ast.ClassDef)
        owner = scope.module.class_(scope.node, scope.parent)
    function = scope.module.function(node, scope, owner)
    return decorated(program, FunctionValue(function, frame))


def decorated(program: Program, raw: FunctionValue) -> Meanings:
    """What a function's name holds after its decorators: those of the project are followed, others are transparent."""
    values: Meanings = (raw,)
    for decorator in reversed(raw.function.decorators):
        wrapped: list[FunctionValue] = []
        for wrapper in program.infer(decorator, raw.frame):
            if isinstance(wrapper, FunctionValue | Instance):
                given = calling.Arguments.of((values,))
                wrapped += [
                    FunctionValue(value.function, value.frame, value.receiver, raw.function)
                    for value in calling.call(program, wrapper, given)
                    if isinstance(value, FunctionValue)
                ]
        if wrapped:
            values = tuple(dict.fromkeys(wrapped))
    return values


def _assigned(program: Program, binding: Binding, frame: Frame) -> Meanings:
    found: Meanings = ()
    if binding.value is not None:
        found = program.infer(binding.value, frame)
        if binding.kind is Kind.ELEMENT:
            found = merge(*(collections.elements(program, value) for value in found), ())
        elif binding.kind is Kind.CONTEXT:
            found = merge(*(members.entered(program, value) for value in found), ())
        for index in binding.unpack:
            found = merge(*(collections.item(program, value, index) for value in found), ())
    if binding.annotation is not None and all(
        isinstance(v, Constant | External) or collections.is_empty(v) for v in found
    ):
        declared = hints.instances(program, binding.annotation, frame)
        if declared:
            return merge(declared, tuple(v for v in found if isinstance(v, Display)))
    return found


def receiver(program: Program, frame: Frame) -> Meanings:
    """What the first parameter of a method's frame is."""
    node = frame.scope.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ()
    parameters = [*node.args.posonlyargs, *node.args.args]
    if not parameters:
        return ()
    return look_up(program, parameters[0].arg, frame, END)


def parameter(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """What a parameter holds: what it was given, what injects it, what declares it, or what its callers hand over."""
    if given := frame.arguments.get(binding.name):
        return given
    node = frame.scope.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and frame.scope.parent is not None:
        arguments = [*node.args.posonlyargs, *node.args.args]
        method = frame.scope.parent.is_class
        if method and arguments and arguments[0].arg == binding.name and frame.parent is not None:
            own = _own_receiver(node, frame.parent)
            if own:
                return own
        if binding.node in (node.args.vararg, node.args.kwarg):
            return _packed(program, binding, frame)
    injected = hints.injected(program, binding, frame) or _decorating_object(program, binding, frame)
    if injected:
        return injected
    declared = hints.instances(program, binding.annotation, frame) if binding.annotation is not None else ()
    default = program.infer(binding.value, frame.parent) if binding.value is not None and frame.parent else ()
    useful = tuple(value for value in default if not isinstance(value, Constant))
    if declared and not _only_abstract(declared):
        return declared
    if frame.depth == 0 and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        from_callers = program.search.argument(frame.scope, binding.name)
        if from_callers:
            return merge(from_callers, useful)
    return useful or declared or default


def _packed(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """What `*args: T` or `**kwargs: T` holds, as far as its annotation tells."""
    elements = hints.instances(program, binding.annotation, frame) if binding.annotation is not None else ()
    return (Collection((elements,)),) if elements else ()


def _decorating_object(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """A parameter `app` under a decorator `@app.listener(…)`: the framework passes the object that registers."""
    node = frame.scope.node
    if binding.annotation is None and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and frame.parent:
        for decorator in node.decorator_list:
            plain = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (
                isinstance(plain, ast.Attribute)
                and isinstance(plain.value, ast.Name)
                and plain.value.id == binding.name
            ):
                return program.infer(plain.value, frame.parent)
    return ()


def _only_abstract(values: Meanings) -> bool:
    """Whether all values are instances of classes whose methods say nothing: a Protocol, an abstract base."""
    return all(
        isinstance(value, Instance) and any(m[-1].is_stub for m in value.cls.cls.methods.values()) for value in values
    )


def _own_receiver(node: ast.FunctionDef | ast.AsyncFunctionDef, class_frame: Frame) -> Meanings:
    cls_node = class_frame.scope.node
    if not isinstance(cls_node, ast.ClassDef) or class_frame.parent is None:
        return ()
    cls = class_frame.scope.module.class_(cls_node, class_frame.parent.scope)
    decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
    if "staticmethod" in decorators:
        return ()
    value = ClassValue(cls, class_frame.parent)
    return (value,) if "classmethod" in decorators or node.name == "__new__" else (Instance(value),)
