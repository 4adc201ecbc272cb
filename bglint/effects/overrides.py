"""What a library's base class calls of the class that the project derives from it: `retriever.invoke` → `_get_…`.

The library's method is then worth what the project's does: a retriever of one's own may search in any way.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from bglint.program import members
from bglint.program.values import FunctionValue, Instance

if TYPE_CHECKING:
    from bglint.program.calling import Arguments
    from bglint.program.program import Program

_CALLS: Final = (
    (r"langchain\w*\..*Retriever\.(?:invoke|batch|get_relevant_documents)", "_get_relevant_documents"),
    (r"langchain\w*\..*Retriever\.(?:ainvoke|abatch|aget_relevant_documents)", "_aget_relevant_documents"),
    (r"(?:langchain\w*|crewai)\..*BaseTool\.(?:invoke|run)", "_run"),
    (r"langchain\w*\..*BaseTool\.(?:ainvoke|arun)", "_arun"),
    (r"langchain\w*\..*\bLLM\.(?:invoke|predict|generate|stream|batch|__call__)", "_call"),
    (r"langchain\w*\..*\bLLM\.(?:ainvoke|apredict|agenerate|astream|abatch)", "_acall"),
    (r"langchain\w*\..*BaseChatModel\.(?:invoke|predict|generate|batch|__call__)", "_generate"),
    (r"langchain\w*\..*BaseChatModel\.(?:ainvoke|apredict|agenerate|abatch)", "_agenerate"),
    (r"llama_index\..*Retriever\.retrieve", "_retrieve"),
    (r"llama_index\..*Retriever\.aretrieve", "_aretrieve"),
    (r"llama_index\..*CustomQueryEngine\.query", "custom_query"),
    (r"dspy\..*Module\.__call__", "forward"),
)
"""Methods of bases, and the method of the derived class that each calls."""
_PATTERNS: Final = tuple((re.compile(pattern), method) for pattern, method in _CALLS)
_ANY: Final = ("langchain", "llama_index.", "crewai.", "dspy.")


def called(program: Program, name: str, arguments: Arguments) -> list[FunctionValue]:
    """The project's methods that calling an inherited method of a library runs; empty where it overrides none."""
    if not name.startswith(_ANY) or arguments.call is None or arguments.frame is None:
        return []
    method = next((method for pattern, method in _PATTERNS if pattern.fullmatch(name)), None)
    if method is None:
        return []
    func = arguments.call.func
    receiver = func.value if isinstance(func, ast.Attribute) else func
    owners = program.infer(receiver, arguments.frame)
    if isinstance(func, ast.Attribute) and not any(isinstance(owner, Instance) for owner in owners):
        owners = program.infer(func, arguments.frame)
    return [
        found
        for owner in owners
        if isinstance(owner, Instance)
        for found in members.member(program, owner, method)
        if isinstance(found, FunctionValue)
    ]
