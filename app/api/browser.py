"""What Neo4j Browser, which is another site, may fetch: pages that are the same for everybody and tell nothing of a plan."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.export.browser_pages import favourites, guide, style

_MOUNT = "/browser"


def add_browser_pages(app: FastAPI) -> None:
    """Serve the guide, the style and the favourites, to pages of every site."""
    anybody = Middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET"], allow_headers=["pragma", "cache-control"]
    )
    routes = [
        Route("/guide.html", _guide),
        Route("/style.grass", _style),
        Route("/favourites.zip", _favourites),
    ]
    app.mount(_MOUNT, Starlette(routes=routes, middleware=[anybody]))


async def _guide(request: Request) -> Response:
    return HTMLResponse(guide(f"{request.url.scheme}://{request.url.netloc}{_MOUNT}/favourites.zip"))


async def _style(request: Request) -> Response:
    return PlainTextResponse(style())


async def _favourites(request: Request) -> Response:
    return Response(favourites(), media_type="application/zip")
