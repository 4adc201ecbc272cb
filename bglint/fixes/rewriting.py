"""Calls and parameters with other contents: from concrete syntax to concrete syntax, comments and layout kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst import BaseParenthesizableWhitespace as Whitespace
from libcst import MaybeSentinel, ParenthesizedWhitespace, SimpleWhitespace

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTES = "'\""
_NONE = SimpleWhitespace("")
_BLANK = SimpleWhitespace(" ")


def handed_over(call: cst.Call, inner: cst.Call) -> cst.Call:
    """`add_task(f(x))` as `add_task(f, x)`: what `inner` calls and its arguments are all that `call` is given.

    Arguments on lines of their own move to the column of the one in whose place they come.
    """
    first, last = call.args[0], call.args[-1]
    callee = cst.Arg(_bare(inner.func))
    if first.keyword is not None and all(each.keyword is not None or each.star == "**" for each in inner.args):
        callee = callee.with_changes(keyword=first.keyword, equal=first.equal)
    if not inner.args:
        return call.with_changes(args=[_ended_as(callee, last)])
    surplus = _column(inner.whitespace_before_args) - _column(call.whitespace_before_args)
    if _spans_lines(call.whitespace_before_args) and _spans_lines(inner.whitespace_before_args) and surplus > 0:
        inner = inner.visit(_Dedenting(surplus))  # type: ignore[assignment]
    before = inner.whitespace_before_args if _spans_lines(inner.whitespace_before_args) else _BLANK
    *given, final = _parenthesized(inner.args)
    arguments = [callee.with_changes(comma=cst.Comma(whitespace_after=before)), *given, _ended_within(final, last)]
    return call.with_changes(args=arguments)


def run_to_its_end(call: cst.Call) -> cst.Call:
    """`add_task(generator, x)` as `add_task(list, generator(x))`."""
    target, *rest = call.args
    made = cst.Call(target.value)
    if rest:
        *given, final = rest
        before = _closing(target)
        closed = final.with_changes(comma=MaybeSentinel.DEFAULT, whitespace_after_arg=_NONE)
        made = made.with_changes(
            args=[*given, closed], whitespace_before_args=before if _spans_lines(before) else _NONE
        )
    consumer = cst.Arg(cst.Name("list"), comma=cst.Comma(whitespace_after=_BLANK))
    return call.with_changes(args=[consumer, _ended_as(cst.Arg(made), call.args[-1])])


def called_instead(call: cst.Call, method: str) -> cst.Call:
    """`add_task(task, x)` as `task.method(x)`."""
    return _called(call, cst.Attribute(call.args[0].value, cst.Name(method)))


def called_directly(call: cst.Call) -> cst.Call:
    """`add_task(f, x)` as `f(x)`."""
    return _called(call, call.args[0].value)


def _called(call: cst.Call, callee: cst.BaseExpression) -> cst.Call:
    """A call of something else, with the arguments behind the first."""
    _, *rest = call.args
    if not rest:
        return call.with_changes(func=callee, args=[], whitespace_before_args=_NONE)
    return call.with_changes(func=callee, args=rest)


def with_argument(call: cst.Call, name: str, value: str) -> cst.Call:
    """A call that is given one more argument by its name."""
    equal = cst.AssignEqual(whitespace_before=_NONE, whitespace_after=_NONE)
    added = cst.Arg(cst.Name(value), keyword=cst.Name(name), equal=equal)
    if not call.args:
        return call.with_changes(args=[added])
    *given, last = call.args
    lead = _closing(given[-1]) if given else call.whitespace_before_args
    comma, behind = _split(_closing(last), lead)
    if isinstance(last.comma, cst.Comma):
        added = added.with_changes(comma=cst.Comma(whitespace_after=behind))
    else:
        added = added.with_changes(whitespace_after_arg=behind)
    return call.with_changes(args=[*given, last.with_changes(comma=comma, whitespace_after_arg=_NONE), added])


def with_parameter(function: cst.FunctionDef, name: str, annotation: str) -> cst.FunctionDef | None:
    """A function that takes one more parameter, behind those without a default; None where it has none of that kind."""
    parameters = function.params
    if parameters.posonly_params or isinstance(parameters.star_arg, cst.Param):
        return None
    added = cst.Param(cst.Name(name), cst.Annotation(cst.parse_expression(annotation)))
    own = list(parameters.params)
    plain = sum(each.default is None for each in own)
    if not own and (parameters.kwonly_params or parameters.star_kwarg is not None):
        return None
    if plain == 0:
        if own:
            before = function.whitespace_before_params
            blank = _without_comments(before) if _spans_lines(before) else _BLANK
            added = added.with_changes(comma=cst.Comma(whitespace_after=blank))
        return function.with_changes(params=parameters.with_changes(params=[added, *own]))
    last = own[plain - 1]
    is_followed = isinstance(last.comma, cst.Comma) and (own[plain:] or parameters.kwonly_params)
    before = _closing(own[plain - 2]) if plain > 1 else function.whitespace_before_params
    lead = _closing(last) if is_followed else before
    comma, behind = _split(_closing(last), lead)
    if isinstance(last.comma, cst.Comma):
        added = added.with_changes(comma=cst.Comma(whitespace_after=behind))
    else:
        added = added.with_changes(whitespace_after_param=behind)
    own[plain - 1 : plain] = [last.with_changes(comma=comma, whitespace_after_param=_NONE), added]
    return function.with_changes(params=parameters.with_changes(params=own))


def with_plain_annotation(parameter: cst.Param, annotation: str, *, optional: bool) -> cst.Param:
    """A parameter that has nothing but its annotation; an `optional` one a default besides, which makes the type."""
    kind = cst.parse_expression(annotation)
    own = parameter.annotation
    written = own.with_changes(annotation=kind) if own is not None else cst.Annotation(kind)
    typed = parameter.with_changes(annotation=written, default=None, equal=MaybeSentinel.DEFAULT)
    if not optional:
        return typed
    made = cst.parse_expression(f"{annotation.strip(_QUOTES)}()")
    return typed.with_changes(default=made, equal=cst.AssignEqual())


def in_parentheses_of(outer: cst.BaseExpression, inner: cst.BaseExpression) -> cst.BaseExpression:
    """An expression that takes another's place, within the parentheses of both."""
    return inner.with_changes(lpar=[*outer.lpar, *inner.lpar], rpar=[*inner.rpar, *outer.rpar])


def _bare(callee: cst.BaseExpression) -> cst.BaseExpression:
    """A callee without parentheses that say nothing."""
    return callee.with_changes(lpar=[], rpar=[]) if isinstance(callee, cst.Name | cst.Attribute) else callee


def _parenthesized(arguments: Sequence[cst.Arg]) -> Sequence[cst.Arg]:
    """Arguments that may stand beside others: of a call's lone generator the parentheses are the call's."""
    match arguments:
        case [cst.Arg(value=cst.GeneratorExp(lpar=[]) as generator) as lone]:
            own = generator.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
            return [lone.with_changes(value=own)]
    return arguments


def _ended_as(argument: cst.Arg, other: cst.Arg) -> cst.Arg:
    return argument.with_changes(comma=other.comma, whitespace_after_arg=other.whitespace_after_arg)


def _ended_within(inner: cst.Arg, outer: cst.Arg) -> cst.Arg:
    """The last argument of a call that is dissolved in another, where `outer` was the last."""
    within, around = _closing(inner), _closing(outer)
    closing = around
    if isinstance(within, ParenthesizedWhitespace):
        if not isinstance(around, ParenthesizedWhitespace):
            closing = within
        elif around.first_line.comment is None:
            lines = [*within.empty_lines, *around.empty_lines]
            closing = around.with_changes(first_line=within.first_line, empty_lines=lines)
    if isinstance(outer.comma, cst.Comma):
        return inner.with_changes(comma=outer.comma.with_changes(whitespace_after=closing), whitespace_after_arg=_NONE)
    if isinstance(inner.comma, cst.Comma) and _spans_lines(closing):
        return inner.with_changes(comma=inner.comma.with_changes(whitespace_after=closing), whitespace_after_arg=_NONE)
    return inner.with_changes(comma=MaybeSentinel.DEFAULT, whitespace_after_arg=closing)


def _closing(element: cst.Arg | cst.Param) -> Whitespace:
    """The blanks behind an element of a list and its comma."""
    if isinstance(element.comma, cst.Comma):
        return element.comma.whitespace_after
    return element.whitespace_after_arg if isinstance(element, cst.Arg) else element.whitespace_after_param


def _split(closing: Whitespace, lead: Whitespace) -> tuple[cst.Comma, Whitespace]:
    """The comma behind an element that another follows from now on, and the blanks behind that other.

    Comments stay with the element. `lead` are the blanks before it, as which the other gets its own.
    """
    if not isinstance(lead, ParenthesizedWhitespace):
        return cst.Comma(whitespace_after=_BLANK), closing
    if not isinstance(closing, ParenthesizedWhitespace):
        return cst.Comma(whitespace_after=_without_comments(lead)), closing
    return cst.Comma(whitespace_after=closing.with_changes(last_line=lead.last_line)), _without_comments(closing)


def _without_comments(blanks: Whitespace) -> Whitespace:
    if not isinstance(blanks, ParenthesizedWhitespace):
        return blanks
    return blanks.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])


def _spans_lines(blanks: Whitespace) -> bool:
    return isinstance(blanks, ParenthesizedWhitespace)


def _column(blanks: Whitespace) -> int:
    return len(blanks.last_line.value) if isinstance(blanks, ParenthesizedWhitespace) else 0


class _Dedenting(cst.CSTTransformer):
    """Moves the lines between brackets to the left; those within a string stay."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self._columns = columns

    def leave_ParenthesizedWhitespace(  # noqa: N802 -- libcst's name
        self,
        original_node: ParenthesizedWhitespace,  # noqa: ARG002
        updated_node: ParenthesizedWhitespace,
    ) -> ParenthesizedWhitespace:
        lines = [each.with_changes(whitespace=self._moved(each.whitespace)) for each in updated_node.empty_lines]
        return updated_node.with_changes(empty_lines=lines, last_line=self._moved(updated_node.last_line))

    def _moved(self, blanks: SimpleWhitespace) -> SimpleWhitespace:
        return SimpleWhitespace(blanks.value[self._columns :])
