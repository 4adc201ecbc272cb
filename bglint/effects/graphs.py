"""Graphs of functions: what running a compiled graph of LangGraph runs, node by node.

A node is read where it is added: in the function that compiles the graph, or else anywhere in its module. `ainvoke` and
its like run plain functions in a thread, and `async` ones on the event loop.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from bglint.program import state
from bglint.program.modules import last_name
from bglint.program.values import Constant, ExternalObject, FunctionValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.calling import Arguments
    from bglint.program.program import Program
    from bglint.program.scopes import Scope
    from bglint.program.values import Construction, Frame, Meanings, Value

GRAPH: Final = "langgraph.graph.CompiledGraph"
_RUNS: Final = {
    f"{GRAPH}.{name}": name.startswith("a")
    for name in ("invoke", "stream", "batch", "ainvoke", "astream", "astream_events", "abatch")
}
"""The methods that run a graph, and whether they are asynchronous."""
_ADDS: Final = re.compile(rb"\.add_node\s*\(")


def nodes(program: Program, name: str, arguments: Arguments) -> list[Meanings]:
    """The callables of the nodes that a call of a graph's method runs; empty where it is none, or none is known."""
    call, frame = arguments.call, arguments.frame
    if name not in _RUNS or call is None or frame is None or not isinstance(call.func, ast.Attribute):
        return []
    found: list[Meanings] = []
    for graph in program.infer(call.func.value, frame):
        if isinstance(graph, ExternalObject) and graph.made is not None:
            found += _added(program, graph.made)
    return list(dict.fromkeys(found))


def runs_in_thread(name: str, node: Value) -> bool:
    """Whether a method of a graph runs a node in a thread: a plain function, for one who awaits the graph."""
    return _RUNS[name] and isinstance(node, FunctionValue) and not node.function.is_async


def _added(program: Program, made: Construction) -> list[Meanings]:
    """The nodes of the graph that a call of `compile` makes."""
    scope = made.frame.scope
    builder = made.call.func.value if isinstance(made.call.func, ast.Attribute) else None
    found = [(call, made.frame) for call in _calls(scope) if _is_of(call, builder)]
    if not found:
        everywhere = [(call, program.frame_of(each)) for each in _adding_scopes(scope) for call in _calls(each)]
        found = [(call, frame) for call, frame in everywhere if _is_of(call, builder)] or everywhere
    return [meanings for call, frame in found if (meanings := _node(program, call, frame))]


def _calls(scope: Scope) -> Iterator[ast.Call]:
    return (site.node for site in scope.calls if last_name(site.node.func) == "add_node")


def _is_of(call: ast.Call, builder: ast.expr | None) -> bool:
    """Whether a node is added to what is written as the builder is."""
    if builder is None or not isinstance(call.func, ast.Attribute):
        return False
    return ast.dump(call.func.value) == ast.dump(builder)


def _adding_scopes(scope: Scope) -> list[Scope]:
    """The scopes of a scope's module that add nodes, each once."""
    module = scope.module
    places = [state.place(module, match.start()) for match in _ADDS.finditer(module.source.data)]
    return list({id(each): each for each in (module.scopes_at(*place)[-1] for place in places)}.values())


def _node(program: Program, call: ast.Call, frame: Frame) -> Meanings:
    """The callable that is added: `add_node("name", f)`, `add_node(f)`."""
    keywords = [each.value for each in call.keywords if each.arg in {"action", "node"}]
    for each in (*call.args[1:2], *keywords, *call.args[:1]):
        if meanings := tuple(v for v in program.infer(each, frame) if not isinstance(v, Constant)):
            return meanings
    return ()
