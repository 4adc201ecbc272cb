"""The decision tree of background tasks, applied to one of them: where its work belongs.

CPU-bound? Longer than the threshold? Must it be retried, watched or guaranteed? Three times no, and a background
task is right; else its work belongs in a thread, in another process or in a job queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bglint.advice import instead
from bglint.diagnostics import Answer, Decision
from bglint.verdict import SLOW_IO_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bglint.diagnostics import Place
    from bglint.effects.model import Effect
    from bglint.rules.rule import Case
    from bglint.verdict import Judgement

_ONLY_WAITS: Final = "only waits"
_UNKNOWN: Final = "unknown"


def decide(case: Case, owed: Sequence[str]) -> Decision:
    """Ask the three questions of a judged task. `owed` says what in the code asks for retries or guarantees."""
    judged = case.judgement
    answers = (_cpu_bound(judged), _long(judged), _needs_more(judged, owed))
    place, advice = _outcome(case, is_owed=bool(owed))
    return Decision(answers, place, advice)


def _cpu_bound(judged: Judgement) -> Answer:
    question = "CPU-bound?"
    if judged.verdict in {"cpu", "cpu-async"} and (effect := judged.cpu()):
        where = "on the event loop, which stops meanwhile" if judged.is_async else "beside the event loop"
        guess = ", judged by the name alone" if effect.guess else ""
        return Answer(question, "yes", f"{_about(effect.ms)} of {_work(effect)}, {where}{guess}.")
    moved = [effect for effect in judged.effects("cpu") if effect.where != "here"]
    if judged.verdict == "offloaded" and moved:
        return Answer(question, "yes", f"{_about(moved[0].ms)} of {_work(moved[0])}, in a {moved[0].where} of its own.")
    if judged.verdict == "offloaded":
        return Answer(question, "no", f"The work itself runs elsewhere, by {_call(judged.deciding)}.")
    if judged.verdict == "unknown":
        return Answer(question, _UNKNOWN, f"Not all of it could be read: {_listed(judged.summary.unread)}.")
    small = judged.effects("cpu", where="here")
    if small and small[0].ms >= 1:
        return Answer(question, "no", f"Only {_about(small[0].ms).lower()} of {_work(small[0])}.")
    return Answer(question, "no", "No heavy computation is reached.")


def _long(judged: Judgement) -> Answer:
    question = f"Longer than {judged.threshold_ms:g} ms?"
    if judged.verdict == "offloaded":
        return Answer(question, "no", "The task only sees to it that the work is done elsewhere.")
    if judged.verdict == "enqueue":
        return Answer(question, "no", f"It hands the work over by {_call(judged.deciding)}.")
    if judged.effects("endless") and judged.verdict == "slow-io":
        return Answer(question, "yes", "It never ends.")
    here = [effect for effect in judged.effects("cpu", "blocking", "slow-io") if effect.where == "here"]
    total = sum(effect.ms for effect in here)
    if judged.verdict == "unknown":
        return Answer(question, _UNKNOWN, "That depends on what could not be read.")
    if total < judged.threshold_ms:
        return Answer(question, "no", f"{_about(total)}, as estimated." if total >= 1 else "Nothing in it takes long.")
    longest = f"{_about(total)}, most of it in {_call(here[0])}"
    if judged.verdict == "light":
        return Answer(question, _ONLY_WAITS, f"{longest}; it holds up nobody meanwhile.")
    if judged.verdict == "blocking-async":
        return Answer(question, "yes", f"{longest}, and the event loop waits with it.")
    return Answer(question, "yes", f"{longest}.")


def _needs_more(judged: Judgement, owed: Sequence[str]) -> Answer:
    question = "Retries, monitoring or guaranteed execution?"
    if judged.verdict == "enqueue":
        return Answer(question, "no", "The queue sees to that.")
    if owed:
        return Answer(question, "yes", _sentence(owed[0]))
    return Answer(question, "no", "Nothing in the code asks for it. If it must survive a restart: a job queue.")


def _outcome(case: Case, *, is_owed: bool) -> tuple[Place, str]:
    judged, form = case.judgement, case.registration.form
    hand_over = instead(case.queue, case.registration.target_text, case.argument_texts)
    match judged.verdict:
        case "enqueue":
            return "job queue", "It is there already: the task only hands the work over."
        case "offloaded" if judged.deciding is not None and judged.deciding.where == "thread":
            shared = "the event loop is free, but the thread shares the CPU and the GIL with every request"
            return "thread", f"It is there already: {shared}. A process of its own, or a job queue, takes that away."
        case "offloaded":
            return "process pool", "It is there already: the work runs in another process."
        case "cpu" | "cpu-async" if case.queue is None and not is_owed:
            return "process pool", (
                "On one machine, a pool of processes is enough: `offload=ProcessPool()` of `bglint.runtime.offload`, "
                f"or a `ProcessPoolExecutor`. On more than one, {hand_over}."
            )
        case "blocking-async" if not is_owed and _waits(judged) < SLOW_IO_MS:
            plain = "make the target a plain `def`, which runs in a worker thread"
            how = plain if form.sync_in == "thread" else "move the call into a thread (`await asyncio.to_thread(…)`)"
            return "thread", _sentence(f"{how}, or await an async library")
        case "slow-io" if judged.effects("endless") and form.application:
            return "background task", "It belongs to the application, and may run as long as that does."
        case "slow-io" if judged.effects("endless"):
            return "unclear", "A task that never ends belongs to the application, not to a request: start it once."
        case "cpu" | "cpu-async" | "blocking-async" | "slow-io":
            return "job queue", _sentence(hand_over)
        case _ if is_owed:
            return "job queue", _sentence(hand_over)
        case "unknown":
            return "unclear", (
                "Read what bglint could not, and tell it: `# bglint: light` or `# bglint: heavy` on the `def` line."
            )
        case _:
            return "background task", "It may stay one."


def _waits(judged: Judgement) -> float:
    return sum(effect.ms for effect in judged.effects("blocking", where="here"))


def _work(effect: Effect) -> str:
    category = {"pdf": "PDF", "ml": "machine-learning", "ocr": "OCR"}.get(effect.category or "", effect.category)
    kind = f"{category} work" if category not in (None, "loop") else "computing"
    return f"{kind} in {_call(effect)}"


def _call(effect: Effect | None) -> str:
    return f"`{effect.trace[-1].symbol}`" if effect is not None else "a call"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "the target"


def _about(ms: float) -> str:
    """A duration in words, to no more digits than an estimate has."""
    if ms < 1:
        return "Less than 1 ms"
    if ms < 1000:
        return f"About {float(f'{ms:.2g}'):.0f} ms"
    seconds = ms / 1000
    return f"About {float(f'{seconds:.2g}'):g} s" if seconds < 120 else f"About {seconds / 60:.0f} min"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
