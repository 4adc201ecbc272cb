"""The target reaches audio transcoding, analysis or transcription on this machine.

## What it does
Fires when a background task, by any chain of calls within the project, decodes, analyses, synthesises or
transcribes sound on this machine.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import whisper
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def transcribe(path: str) -> str:
    model = whisper.load_model("base")
    return model.transcribe(path)["text"]


@app.post("/recordings")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(transcribe, path)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI
from openai import OpenAI

app = FastAPI()
client = OpenAI()


def transcribe(path: str) -> str:
    with open(path, "rb") as recording:
        return client.audio.transcriptions.create(model="whisper-1", file=recording).text


@app.post("/recordings")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(transcribe, path)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG106", "audio-processing", __doc__, heavy_work(frozenset({"audio"}), "audio work"))
