"""The pipeline on one screen: paths → registrations → verdicts → findings → the report."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bglint import profiling
from bglint.advice import queue_of_project
from bglint.cache.codec import decoded, encoded
from bglint.decision import decide
from bglint.diagnostics import Decision, Diagnostic, Report, Task
from bglint.effects.analyzer import Analyzer
from bglint.effects.policy import Policy
from bglint.fixes import with_fix
from bglint.noting import is_noting, note_all, noting
from bglint.outcomes import Gathering, Ground, Judged, Outcome, Unreadable
from bglint.parallel import in_order, spread
from bglint.program.modules import ModuleIndex
from bglint.program.program import Program
from bglint.program.reach import Reach
from bglint.program.scopes import TOO_DEEP
from bglint.project_root import project_root, project_roots
from bglint.registrations.finder import Finder
from bglint.registrations.forms import Form
from bglint.registrations.scan import scan
from bglint.rules.files.unreadable_file import unreadable_file
from bglint.rules.registry import RULES
from bglint.rules.rule import Case, Finding, ModuleCase, diagnose, diagnose_module, steps
from bglint.suppression import Silencer
from bglint.verdict import Judgement, judge, runnable, target_definition, target_kind, unknown

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bglint.program.modules import Module
    from bglint.registrations.registration import Registration
    from bglint.rules.rule import Rule
    from bglint.settings import Settings, SettingsResolver

_DURABILITY = ("BG301", "BG302")
"""The rules that say that a task asks for retries or guarantees."""

RECURSION_LIMIT: Final = 4000
"""How many calls may lie within one another: enough for a chain of 500 `elif`, and far from the end of the C stack."""

CANDIDATES_FOR_A_PROCESS: Final = 2
"""How many files that may register a task one more process is worth."""

MAX_FRUITLESS_BYTES: Final = 256 << 10
"""How much text of modules that no task led to is kept parsed."""


def run(
    paths: Sequence[str],
    resolver: SettingsResolver,
    *,
    stdin: tuple[str, bytes] | None = None,
    overlay: Mapping[str, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
    decisions: bool = False,
    jobs: int = 1,
    scanned: tuple[list[str], list[str]] | None = None,
    known: dict[str, Outcome] | None = None,
    found: Callable[[Report], None] | None = None,
) -> Report:
    """Lint the files at or below `paths`, or the text of `stdin` under its name; report in order of place.

    `overlay` holds the text of files that is read instead of what is on the disk. With `decisions` each task comes
    with the decision tree applied to it. Up to `jobs` processes share the work; `scanned` is what `scan` gave, if it
    was called before. The outcomes of the files in `known` are taken from there, those of the others put in. `found` is
    called with each part of the report as it is made.

    Raises `FileNotFoundError` for a path that is not there, `ConfigError` for a configuration that cannot be read.
    """
    files, candidates = scanned or scan(paths, resolver, stdin, jobs)
    session = Session(project_root(paths, resolver, stdin), files, resolver, decisions=decisions)
    session.index.confine(project_roots(paths, resolver, stdin))
    session.index.overlay.update(overlay or {})
    if stdin is not None:
        session.index.overlay[os.path.abspath(stdin[0])] = stdin[1]
    session.wanted = set(files)
    known = known if known is not None else {}
    gathering = Gathering(Silencer(session.index, resolver), candidates, found)
    for path, outcome in zip(candidates, in_order(_outcomes(session, candidates, known, jobs, progress)), strict=True):
        known[path] = outcome
        gathering.add(path, outcome)
    session.index.failures.clear()
    session.index.failures.update(gathering.unreadable)
    session.needed = set(gathering.unreadable)
    return gathering.end(session.unreadable(), files, candidates)


def _outcomes(
    session: Session,
    candidates: Sequence[str],
    known: Mapping[str, Outcome],
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[tuple[int, Outcome]]:
    """What checking each of the candidates gave, as it comes in: first what is known, then what processes find."""
    notes = is_noting()
    numbers = [number for number, path in enumerate(candidates) if path not in known]

    def work(indexes: Iterable[int]) -> Iterator[tuple[int, Outcome]]:
        for done, index in enumerate(indexes, 1):
            path = candidates[numbers[index]]
            with noting() if notes else nullcontext() as noted, profiling.file(path):
                outcome = session.outcome(path)
            if noted is not None:
                ground = session.ground(tuple(noted.files), tuple(noted.folders))
                outcome = replace(outcome, ground=ground)
            yield index, outcome
            if progress is not None:
                progress(done, len(numbers))

    yield from [(number, known[path]) for number, path in enumerate(candidates) if path in known]
    processes = max(1, min(jobs, len(numbers) // CANDIDATES_FOR_A_PROCESS))
    arriving = spread(len(numbers), processes, work, encode=encoded, decode=lambda value: decoded(Outcome, value))
    for index, outcome in arriving:
        if notes and processes > 1:
            note_all(outcome.ground.opened, outcome.ground.listed)
        yield numbers[index], outcome


class Session:
    """One project kept in memory: the program, and the analysers of its policies."""

    def __init__(
        self,
        root: str,
        files: Sequence[str],
        resolver: SettingsResolver,
        index: ModuleIndex | None = None,
        *,
        decisions: bool = False,
    ) -> None:
        """Take over the modules of an earlier session by its `index`."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
        self.resolver = resolver
        self.decisions = decisions
        self.index = index or ModuleIndex(root, tuple(resolver.for_directory(root).src))
        self.program = Program(self.index, files)
        self.wanted: set[str] = set(files)
        self.needed: set[str] = set()
        self._analyzers: dict[Policy, Analyzer] = {}
        self._selected: dict[str, list[Rule]] = {}
        self._seen: set[ast.Call] = set()
        self._fruitless: list[Module] = []

    def renew(self) -> None:
        """Forget what was concluded, since a file has changed; what was parsed and searched stays."""
        self.program = self.program.succeeded()
        self.needed.clear()
        self._analyzers.clear()
        self._seen.clear()

    def check(self, path: str) -> Iterator[tuple[Task | None, list[Diagnostic]]]:
        """The tasks that a file registers, or hands over through helpers, with what the rules say of each."""
        module = self.index.load(path)
        if module is None:
            self.needed.add(path)
            return
        settings = self.resolver.for_file(path)
        finder = Finder(self.program, _declared_forms(settings), preview=settings.preview)
        settled: list[Registration] = []
        added: list[Registration] = []
        too_deep_noted = _TooDeepNoted(self, path)
        with too_deep_noted:
            settled, added = finder.through_helpers(finder.in_module(module))
        self.needed.update(self.index.failures)
        siblings = tuple(settled)
        for registration in [*settled, *added]:
            if registration.module.path in self.wanted and registration.call not in self._seen:
                self._seen.add(registration.call)
                yield self._judged(registration, siblings)
        case = ModuleCase(module, self.program, settings, siblings)
        findings: list[Diagnostic] = []
        for rule in self._rules(settings, path):
            if rule.check_module:
                with too_deep_noted, profiling.rule(rule.code):
                    findings += [with_fix(diagnose_module(rule, f), case) for f in rule.check_module(case)]
        if findings:
            yield None, findings

    def outcome(self, path: str) -> Outcome:
        """Check a file for itself: what others left concluded has no part in it."""
        loaded = self.index.count
        self.program = self.program.succeeded()
        self._analyzers.clear()
        self._seen.clear()
        self.index.begin()
        texts = self.program.search.texts
        texts.asked.clear()
        texts.is_partial = False
        judged = tuple(Judged(task, tuple(findings)) for task, findings in self.check(path))
        deep = self.index.too_deep()
        self.index.failures |= deep
        given_up = {each for each, why in self.index.failures.items() if why == TOO_DEEP or each in deep}
        failed = sorted(self.index.missed | self.index.asked.intersection(given_up))
        if not judged:
            self._forget_since(loaded)
        return Outcome(judged, tuple(Unreadable(each, self.index.failures[each]) for each in failed))

    def ground(self, opened: tuple[str, ...] = (), listed: tuple[str, ...] = ()) -> Ground:
        """What the last outcome rests on."""
        texts = self.program.search.texts
        return Ground(
            tuple(sorted(self.index.asked)),
            tuple(sorted(self.index.names)),
            tuple(sorted(each.decode("latin-1") for each in texts.asked)),
            texts.is_partial,
            opened,
            listed,
        )

    def _forget_since(self, loaded: int) -> None:
        """Forget the modules read since there were `loaded`, once they take up much memory: no task led to them.

        A syntax tree takes twenty times the memory of its text. What was concluded so far holds on to trees, and is
        forgotten with them.
        """
        self._fruitless += self.index.loaded_since(loaded)
        if sum(len(module.source.data) for module in self._fruitless) > MAX_FRUITLESS_BYTES:
            self.program = self.program.succeeded()
            self._analyzers.clear()
            self.index.release(self._fruitless)
            self._fruitless.clear()

    def _judged(self, registration: Registration, siblings: tuple[Registration, ...]) -> tuple[Task, list[Diagnostic]]:
        path = registration.module.path
        settings = self.resolver.for_file(path)
        judgement = unknown(registration, settings.slow_task_ms)
        too_deep_noted = _TooDeepNoted(self, path)
        with too_deep_noted:
            judgement = judge(registration, self._analyzer(settings), settings.slow_task_ms)
        queue = queue_of_project(os.path.dirname(path), self.index.root_of(os.path.dirname(path)), settings.queue)
        reach = Reach(self.program, runnable(registration), registration.arguments)
        case = Case(registration, judgement, self.program, reach, settings, queue, siblings)
        self.needed.update(self.index.failures)
        findings: list[Diagnostic] = []
        for rule in self._rules(settings, path):
            if rule.check:
                with too_deep_noted, profiling.rule(rule.code):
                    findings += [with_fix(diagnose(rule, case, f), case) for f in _ask(rule, case)]
        return _task(registration, judgement, _decision(case) if self.decisions else None), findings

    def _rules(self, settings: Settings, path: str) -> list[Rule]:
        """The rules that are run on a file's tasks."""
        if path not in self._selected:
            self._selected[path] = [r for r in RULES.values() if settings.selects(r.code, r.preview, path)]
        return self._selected[path]

    def _analyzer(self, settings: Settings) -> Analyzer:
        policy = Policy(settings.heavy, settings.light, settings.max_depth)
        if policy not in self._analyzers:
            self._analyzers[policy] = Analyzer(self.program, policy)
        return self._analyzers[policy]

    def unreadable(self) -> Iterator[Diagnostic]:
        """A diagnostic for each file that had to be read and could not be."""
        for path in sorted(self.needed):
            if path in self.index.failures and self.resolver.for_file(path).selects("BG901", False, path):
                yield unreadable_file(path, self.index.failures[path])


class _TooDeepNoted:
    """Takes a file whose code is nested deeper than the stack allows for one that cannot be read.

    It may be entered any number of times, as it is for each task and rule.
    """

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = path

    def __enter__(self) -> None:
        """Begin something that may go too deep."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """End it; what went too deep ends here."""
        if kind is None or not issubclass(kind, RecursionError):
            return False
        self._session.index.failures.setdefault(self._path, TOO_DEEP)
        self._session.needed.add(self._path)
        return True


def _ask(rule: Rule, case: Case) -> Iterable[Finding]:
    """What a rule says. Of a task that a helper registers for others, the weight is told where it is handed over."""
    assert rule.check is not None
    if case.registration.passed_on and rule.code < "BG3":
        return ()
    return rule.check(case)


def _decision(case: Case) -> Decision:
    """Where a task's work belongs; what the rules say of its durability counts, selected or not."""
    owed = [finding.message for code in _DURABILITY if (check := RULES[code].check) for finding in check(case)]
    return decide(case, owed)


def _declared_forms(settings: Settings) -> list[Form]:
    """The forms of registration that the configuration declares."""
    return [
        Form(
            "project",
            form.call,
            argument=form.target if isinstance(form.target, int) else None,
            keyword=form.target if isinstance(form.target, str) else None,
            takes="either",
        )
        for form in settings.registrations
    ]


def _task(registration: Registration, judgement: Judgement, decision: Decision | None) -> Task:
    return Task(
        span=registration.span,
        framework=registration.form.framework,
        registration=registration.helper.symbol if registration.helper is not None else registration.form.call,
        target=registration.target_text,
        target_kind=target_kind(registration),
        resolved=target_definition(registration),
        verdict=judgement.verdict,
        category=judgement.category,
        confidence=judgement.confidence,
        trace=steps(judgement.deciding.trace, judgement.deciding) if judgement.deciding is not None else (),
        unread=judgement.summary.unread if judgement.verdict == "unknown" else (),
        decision=decision,
    )
