from typing import Any, cast

from litestar import Litestar, Response, get
from served_tasks import add, shut_down

from bglint.runtime import BackgroundTasks


@get("/{kind:str}")
async def endpoint(kind: str) -> Response[str]:
    tasks = BackgroundTasks()
    add(kind, tasks)
    return Response("accepted", background=cast("Any", tasks))


app = Litestar([endpoint], on_shutdown=[shut_down], logging_config=None)
