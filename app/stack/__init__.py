"""The embedded stack: Neo4j and PostgreSQL as child processes, for machines without Docker."""

from app.stack.config import Companion, Endpoints, Launch, ServiceStatus, StackConfig, Stopped
from app.stack.lifecycle import down, endpoints, env_lines, logs, status, up

__all__ = [
    "Companion",
    "Endpoints",
    "Launch",
    "ServiceStatus",
    "StackConfig",
    "Stopped",
    "down",
    "endpoints",
    "env_lines",
    "logs",
    "status",
    "up",
]
