"""Notes in a KV namespace, as a FastAPI application."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from pymode import asgi

app = FastAPI(title="Notes")


class Note(BaseModel):
    """A note."""

    title: str = Field(min_length=1, max_length=100)
    text: str = ""
    stars: int = Field(default=0, ge=0, le=5)


def notes(request: Request) -> Any:
    """The namespace that the notes are in."""
    return request.scope["env"].NOTES_KV


Notes = Annotated[Any, Depends(notes)]


@app.get("/notes")
async def listed(kv: Notes) -> list[str]:
    """Names of all notes."""
    found = await kv.list()
    return [key["name"] for key in found["keys"]]


# A plain function: FastAPI gives it to a thread, which here is this one.
@app.get("/notes/{name}")
def read(name: str, kv: Notes) -> Note:
    """A note."""
    note = kv.get(name)
    if note is None:
        raise HTTPException(404, f"there is no note {name!r}")
    return Note.model_validate_json(note)


@app.put("/notes/{name}", status_code=201)
async def write(name: str, note: Note, kv: Notes) -> Note:
    """Keep a note."""
    await kv.put(name, note.model_dump_json())
    return note


async def on_fetch(request, env):
    """Let the application answer."""
    return await asgi.fetch(app, request, env)
