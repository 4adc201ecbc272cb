"""Fixes of how the target is handed over: called, in a lambda, through a function of the event loop, as a generator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import libcst as cst

from bglint.fixes.concrete import concrete, replaced, rewritten
from bglint.fixes.rewriting import handed_over, run_to_its_end
from bglint.fixes.site import fix, known_async
from bglint.program.modules import last_name
from bglint.program.scopes import Kind
from bglint.program.values import ClassValue, External, FunctionValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Applicability, Fix
    from bglint.fixes.concrete import Concrete
    from bglint.fixes.site import Site
    from bglint.registrations.registration import Registration

_LOOP_CALLS: Final = frozenset({"run", "create_task", "ensure_future", "run_until_complete"})
"""Functions of the event loop that take a coroutine and nothing else of importance."""
_FUTURES: Final = frozenset({"gather", "shield", "as_completed"})
"""Functions that take coroutines and are none themselves."""
_HAND_OVER: Final = "Hand over the function and its arguments"
_FUNCTION_ALONE: Final = "Hand over the function itself"


def hand_over_uncalled(site: Site) -> Fix | None:
    """BG401: `add_task(f(x))` and `add_task(await f(x))` become `add_task(f, x)`."""
    registration = site.registration
    target = _lone_target(registration)
    if registration is None or target is None:
        return None
    awaited = isinstance(target, ast.Await)
    call = target.value if isinstance(target, ast.Await) else target
    unwrapped = _unwrapped(call, site, registration)
    if unwrapped is None or _makes_object(unwrapped.func, site, registration):
        return None
    needs_loop = awaited or unwrapped is not call
    applicability = _applicability(site, unwrapped.func, registration) if needs_loop else "safe"
    return _handed_over(site, registration, unwrapped, applicability)


def leave_out_loop_call(site: Site) -> Fix | None:
    """BG411: `add_task(asyncio.run, f(x))`, and the same in a lambda, become `add_task(f, x)`."""
    registration = site.registration
    if registration is None or registration.target is None:
        return None
    call, target = registration.call, registration.target
    if isinstance(target, ast.Lambda):
        return hand_over_coroutine_function(site)
    if not _is_loop_call(target, site, registration) or call.args[:1] != [target] or call.keywords:
        return None
    match call.args[1:]:
        case [ast.Call() as inner]:
            applicability = _applicability(site, inner.func, registration)
            return _handed_over(site, registration, inner, applicability)
    return None


def bind_early(site: Site) -> Fix | None:
    """BG406: `add_task(lambda: f(x))` in a loop becomes `add_task(f, x)`."""
    return _from_lambda(site, "safe")


def hand_over_coroutine_function(site: Site) -> Fix | None:
    """BG410: `add_task(lambda: f(x))`, where `f` is async, becomes `add_task(f, x)`."""
    registration = site.registration
    if registration is None or not isinstance(registration.target, ast.Lambda):
        return None
    if registration.form.method == "schedule_sync":  # Falcon's, which awaits nothing
        return None
    call = _unwrapped(registration.target.body, site, registration)
    applicability = _applicability(site, call.func, registration) if call is not None else None
    return _from_lambda(site, applicability)


def consume_generator(site: Site) -> Fix | None:
    """BG403: `add_task(generator, x)` becomes `add_task(list, generator(x))`, which runs it to its end."""
    registration = site.registration
    if registration is None or registration.target is None or registration.form.sync_in == "loop":
        return None
    call, target = registration.call, registration.target
    functions = [value.function for value in registration.meanings if isinstance(value, FunctionValue)]
    if call.args[:1] != [target] or any(function.is_async for function in functions) or registration.helper:
        return None
    if not isinstance(target, ast.Name | ast.Attribute) or not registration.form.forwards:
        return None
    edit = rewritten(site, call, cst.Call, run_to_its_end)
    return fix("unsafe", "Run the generator to its end with `list`", edit)


def _from_lambda(site: Site, applicability: Applicability | None) -> Fix | None:
    registration = site.registration
    if registration is None or not isinstance(registration.target, ast.Lambda):
        return None
    function = registration.target
    call = _unwrapped(function.body, site, registration)
    if call is None or applicability is None or not _is_settled(registration, call, function):
        return None
    if _passes_its_parameters(function, call) and _is_given(registration, function):
        return _function_alone(site, function, call, applicability)
    if not _has_plain_defaults(function) or _lone_target(registration) is None:
        return None
    return _handed_over(site, registration, call, applicability, within=function)


def _function_alone(site: Site, function: ast.Lambda, call: ast.Call, applicability: Applicability) -> Fix | None:
    """The fix that hands over what is called within a lambda in the lambda's place."""
    syntax = concrete(site, function)
    if syntax is None:
        return None
    old, inner = syntax.at(function, cst.Lambda), syntax.at(call, cst.Call)
    if old is None or inner is None:
        return None
    return fix(applicability, _FUNCTION_ALONE, syntax.edit(old, inner.func))


def _handed_over(
    site: Site,
    registration: Registration,
    inner: ast.Call,
    applicability: Applicability | None,
    *,
    within: ast.Lambda | None = None,
) -> Fix | None:
    """The fix that hands over what `inner` calls, and its arguments, in place of all that the call is given.

    Where it stands `within` a lambda, the defaults of that take the place of its parameters.
    """
    form, target = registration.form, registration.target
    has_arguments = bool(inner.args or inner.keywords)
    taken = {"self", form.keyword}
    if applicability is None or target is None or registration.helper or (has_arguments and not form.forwards):
        return None
    if any(keyword.arg in taken for keyword in inner.keywords):
        return None
    syntax = concrete(site, registration.call)
    if syntax is None:
        return None
    old, call = syntax.at(registration.call, cst.Call), syntax.at(inner, cst.Call)
    if old is None or call is None:
        return None
    if within is not None:
        call = replaced(call, _uses_of_defaults(syntax, within, inner))
    return fix(
        applicability, _HAND_OVER if has_arguments else _FUNCTION_ALONE, syntax.edit(old, handed_over(old, call))
    )


def _uses_of_defaults(syntax: Concrete, function: ast.Lambda, call: ast.Call) -> dict[cst.CSTNode, cst.CSTNode]:
    """Where a lambda's call reads its parameters, with their defaults."""
    written = syntax.at(function, cst.Lambda)
    parameters = [*written.params.posonly_params, *written.params.params] if written is not None else []
    defaults = {each.name.value: each.default for each in parameters}
    uses = (node for node in ast.walk(call) if isinstance(node, ast.Name) and node.id in defaults)
    found = ((syntax.at(use, cst.Name), defaults[use.id]) for use in uses)
    return {use: default for use, default in found if use is not None and default is not None}


def _applicability(site: Site, callee: ast.expr, registration: Registration) -> Applicability | None:
    """How sure it is that a callee, which the runner gets uncalled, is awaited by it; None where it is not."""
    known = known_async(site, callee, registration)
    return "safe" if known else "unsafe" if known is None else None


def _lone_target(registration: Registration | None) -> ast.expr | None:
    """The target of a registration that hands over nothing else."""
    if registration is None or registration.target is None:
        return None
    given = [*registration.call.args, *(keyword.value for keyword in registration.call.keywords)]
    return registration.target if given == [registration.target] else None


def _unwrapped(node: ast.expr, site: Site, registration: Registration) -> ast.Call | None:
    """The call whose coroutine an expression is, or runs: `f(x)` of `f(x)`, and of `asyncio.run(f(x))`."""
    if not isinstance(node, ast.Call):
        return None
    if _is_loop_call(node.func, site, registration):
        inner = node.args[0] if len(node.args) == 1 and not node.keywords else None
        return inner if isinstance(inner, ast.Call) else None
    return None if last_name(node.func) in _FUTURES else node


def _is_loop_call(callee: ast.expr, site: Site, registration: Registration) -> bool:
    """Whether an expression is `asyncio.run`, a loop's `create_task`, or one of their kind."""
    if last_name(callee) not in _LOOP_CALLS:
        return False
    meanings = site.program.infer(callee, registration.frame)
    if any(isinstance(value, External) and value.name.startswith("asyncio.") for value in meanings):
        return True
    return isinstance(callee, ast.Attribute) and last_name(callee.value).endswith("loop")


def _makes_object(callee: ast.expr, site: Site, registration: Registration) -> bool:
    """Whether a call makes an object, which is no task by itself."""
    meanings = site.program.infer(callee, registration.frame)
    return any(isinstance(value, ClassValue) for value in meanings) or last_name(callee)[:1].isupper()


def _is_settled(registration: Registration, call: ast.Call, function: ast.Lambda) -> bool:
    """Whether the lambda's call means the same at once as later: plain names and attributes, not bound again below."""
    own = {parameter.arg for parameter in [*function.args.posonlyargs, *function.args.args]}
    names: set[str] = set()
    for node in [call.func, *_given(call)]:
        if not _is_plain(node):
            return False
        names.update(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    here = (registration.call.lineno, registration.call.col_offset)
    scope = registration.frame.scope
    if scope.parent is None:
        return True
    for name in names - own:
        bound = scope.bindings.get(name, ())
        if bound and min(binding.place for binding in bound) > here:
            return False
        if any(binding.place > here and binding.kind is not Kind.ELEMENT for binding in bound):
            return False
    return True


def _given(call: ast.Call) -> Iterator[ast.expr]:
    for argument in call.args:
        yield argument.value if isinstance(argument, ast.Starred) else argument
    for keyword in call.keywords:
        yield keyword.value


def _is_plain(node: ast.expr) -> bool:
    """Whether evaluating an expression does nothing but look up names and attributes."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _is_plain(value)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant()):
            return True
        case ast.Tuple(elts=elements):
            return all(_is_plain(element) for element in elements)
    return False


def _passes_its_parameters(function: ast.Lambda, call: ast.Call) -> bool:
    """Whether a lambda does nothing but pass its parameters on, in their order."""
    parameters = [each.arg for each in [*function.args.posonlyargs, *function.args.args]]
    plain = not (function.args.defaults or function.args.kwonlyargs or function.args.vararg or function.args.kwarg)
    passed = [argument.id if isinstance(argument, ast.Name) else None for argument in call.args]
    return plain and bool(parameters) and parameters == passed and not call.keywords


def _is_given(registration: Registration, function: ast.Lambda) -> bool:
    """Whether the registration gives a lambda's parameters, by position."""
    call = registration.call
    count = len(function.args.posonlyargs) + len(function.args.args)
    return call.args[:1] == [function] and len(call.args) == count + 1 and not call.keywords


def _has_plain_defaults(function: ast.Lambda) -> bool:
    """Whether all parameters of a lambda have defaults that only look up names and attributes."""
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or len(parameters) != len(arguments.defaults):
        return False
    return all(map(_is_plain, arguments.defaults))
