"""The forms of registration: which call hands which argument to an in-process background runner.

Read from the frameworks' own sources: fastapi 0.165, starlette 1.10, litestar 2.25, quart 0.22, sanic 25.12,
falcon 4.4, lilya and esmerald, aiojobs 1.4, asgi-background, nicegui, flask-executor, tornado.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Takes = Literal["callable", "coroutine", "either"]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to register a task.

    `call`: the dotted name of what is called. `argument`, `keyword`: where the target stands. `takes`: whether the
    target is handed over uncalled (`callable`), as a coroutine that was called (`coroutine`), or either way.
    `sync_in`: where a sync target runs. `forwards`: whether further arguments go to the target. `awaitable`: whether
    the registering call itself has to be awaited. `application`: whether its tasks belong to the application.
    """

    framework: str
    call: str
    argument: int | None = 0
    keyword: str | None = None
    takes: Takes = "callable"
    sync_in: Literal["thread", "loop", "process"] = "thread"
    forwards: bool = True
    awaitable: bool = False
    application: bool = False
    preview: bool = False

    @property
    def method(self) -> str:
        """The last part of the call's name: what a reader sees."""
        return self.call.rpartition(".")[2]


def _all(*forms: Form) -> dict[str, Form]:
    return {form.call: form for form in forms}


FORMS: dict[str, Form] = _all(
    *(
        Form(framework, f"{name}.add_task", keyword="func")
        for framework, name in (
            ("fastapi", "fastapi.BackgroundTasks"),
            ("fastapi", "fastapi.background.BackgroundTasks"),
            ("starlette", "starlette.background.BackgroundTasks"),
            ("bglint", "bglint.runtime.BackgroundTasks"),
            ("bglint", "bglint.runtime.tasks.BackgroundTasks"),
            ("bglint", "bglint.runtime.tasks.TasksWithOptions"),
            ("lilya", "lilya.background.Tasks"),
            ("lilya", "lilya.background.BackgroundTasks"),
            ("esmerald", "esmerald.BackgroundTasks"),
            ("esmerald", "esmerald.background.BackgroundTasks"),
            ("ravyn", "ravyn.BackgroundTasks"),
        )
    ),
    *(
        Form(framework, name, keyword=keyword)
        for framework, name, keyword in (
            ("starlette", "starlette.background.BackgroundTask", "func"),
            ("fastapi", "fastapi.background.BackgroundTask", "func"),
            ("fastapi", "fastapi.BackgroundTask", "func"),
            ("litestar", "litestar.background_tasks.BackgroundTask", "fn"),
            ("litestar", "starlite.BackgroundTask", "fn"),
            ("lilya", "lilya.background.Task", "func"),
            ("lilya", "lilya.background.BackgroundTask", "func"),
            ("esmerald", "esmerald.BackgroundTask", "func"),
            ("esmerald", "esmerald.background.BackgroundTask", "func"),
            ("ravyn", "ravyn.BackgroundTask", "func"),
        )
    ),
    Form("quart", "quart.Quart.add_background_task", keyword="func", application=True),
    Form("quart", "quart.app.Quart.add_background_task", keyword="func", application=True),
    *(
        Form("sanic", name, takes="either", sync_in="loop", forwards=False, keyword="task", application=True)
        for name in ("sanic.Sanic.add_task", "sanic.app.Sanic.add_task")
    ),
    Form("falcon", "falcon.asgi.Response.schedule", forwards=False, keyword="callback"),
    Form("falcon", "falcon.asgi.Response.schedule_sync", forwards=False, keyword="callback"),
    Form("asgi-background", "asgi_background.BackgroundTasks.add_task", sync_in="loop", awaitable=True, keyword="func"),
    *(
        Form("aiojobs", name, at, takes="coroutine", sync_in="loop", forwards=False, awaitable=True, keyword="coro")
        for name, at in (("aiojobs.Scheduler.spawn", 0), ("aiojobs.aiohttp.spawn", 1))
    ),
    Form("nicegui", "nicegui.background_tasks.create", takes="coroutine", sync_in="loop", forwards=False),
    Form("flask-executor", "flask_executor.Executor.submit"),
    Form("tornado", "tornado.ioloop.IOLoop.spawn_callback", sync_in="loop"),
    *(
        Form("asyncio", name, takes="coroutine", sync_in="loop", forwards=False, keyword="coro", preview=True)
        for name in ("asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task")
    ),
)  # fmt: skip

TYPES: dict[str, Form] = {
    name.rpartition(".")[0]: form for name, form in FORMS.items() if not form.method[:1].isupper() and not form.preview
}
"""Classes whose registering method is known, with its form: an own subclass's override registers as well."""

BELIEVED_NAMES = frozenset({"background_tasks", "background", "bg_tasks"})
"""Receivers that are believed by their name alone, in a module that imports the framework."""

METHODS = frozenset(form.method for form in FORMS.values())
"""The last names under which registering calls are written, aliases of constructors apart."""

ROUTE_METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "route", "api_route", "websocket"}
)
"""Last names of the decorators that make a function a request handler."""
