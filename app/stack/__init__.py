"""The embedded stack: Neo4j and PostgreSQL as child processes, for machines without Docker."""

from app.stack.config import BrowserPages, Companion, Endpoints, Launch, ServiceStatus, StackConfig, Stopped
from app.stack.lifecycle import browser_pages, down, endpoints, env_lines, logs, status, up

__all__ = [
    "BrowserPages",
    "Companion",
    "Endpoints",
    "Launch",
    "ServiceStatus",
    "StackConfig",
    "Stopped",
    "browser_pages",
    "down",
    "endpoints",
    "env_lines",
    "logs",
    "status",
    "up",
]
