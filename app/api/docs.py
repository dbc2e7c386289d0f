"""The interactive documentation, from files of our own: no network is needed to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

STATIC: Final = Path(__file__).with_name("static")

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home() -> RedirectResponse:
    return RedirectResponse("/docs")


@router.get("/docs")
async def docs() -> FileResponse:
    return FileResponse(STATIC / "docs.html", media_type="text/html", headers={"Cache-Control": "no-cache"})


def add_static_files(app: FastAPI) -> None:
    """Serve the files that the documentation consists of."""
    app.mount("/static", StaticFiles(directory=STATIC))
