from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from served_tasks import add, shut_down
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bglint.runtime import BackgroundTasks


async def endpoint(request: Request) -> Response:
    tasks = BackgroundTasks()
    add(request.path_params["kind"], tasks)
    return PlainTextResponse("accepted", background=tasks)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield
    await shut_down()


app = Starlette(routes=[Route("/{kind}", endpoint)], lifespan=lifespan)
