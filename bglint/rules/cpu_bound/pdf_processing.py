"""The target reaches PDF generation, rendering or parsing.

## What it does
Fires when a background task, by any chain of calls within the project, lays out, renders or parses PDF documents.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
from fastapi import BackgroundTasks, FastAPI
from weasyprint import HTML

app = FastAPI()


def render_invoice(number: int) -> None:
    HTML(filename=f"invoices/{number}.html").write_pdf(f"invoices/{number}.pdf")


@app.post("/invoices/{number}")
def invoice(number: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(render_invoice, number)
```

## Use instead
```python
import dramatiq
from fastapi import FastAPI
from weasyprint import HTML

app = FastAPI()


@dramatiq.actor
def render_invoice(number: int) -> None:
    HTML(filename=f"invoices/{number}.html").write_pdf(f"invoices/{number}.pdf")


@app.post("/invoices/{number}")
def invoice(number: int):
    render_invoice.send(number)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG103", "pdf-processing", __doc__, heavy_work(frozenset({"pdf"}), "PDF work"))
