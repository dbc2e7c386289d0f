"""The one reader of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting, from the environment; a blank variable counts as not set."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    neo4j_uri: str | None = Field(
        None, description="Bolt address of a Neo4j to use instead of the embedded one"
    )
    neo4j_user: str = Field("neo4j", description="user for NEO4J_URI")
    neo4j_password: SecretStr | None = Field(None, description="password for NEO4J_URI")
    neo4j_database: str = Field("neo4j", description="database name")
    database_url: SecretStr | None = Field(None, description="Postgres to use instead of the embedded one")

    mge_home: Path = Field(
        Path(platformdirs.user_data_dir("mge")),
        description="databases, passwords, logs and pid files of the stack",
    )
    mge_cache: Path = Field(
        Path(platformdirs.user_cache_dir("mge")), description="fetched Neo4j jars, shared by every stack"
    )
    mge_bolt_port: int | None = Field(
        None, description="Bolt port; unset: 7687, or a free one where it is taken"
    )
    mge_http_port: int | None = Field(None, description="Neo4j Browser's port; unset: 7474, or a free one")
    mge_api_port: int | None = Field(None, description="the API's port; unset: 8000, or a free one")
    mge_neo4j_heap_mb: int | None = Field(
        None, description="Neo4j's heap; unset: a quarter of memory, 1 to 4 GiB"
    )

    mge_allowed_hosts: str = Field(
        "", description="host names beside localhost that the API answers for, with commas between"
    )
    mge_max_upload_bytes: int = Field(512 * 2**20, description="a larger upload is refused")
    mge_import_root: Path | None = Field(None, description="folder that server-side import paths must lie in")
    mge_workers: int | None = Field(None, description="parser processes; unset: one a core")
    mge_max_files: int = Field(200_000, description="an import with more files is refused")
    mge_max_file_bytes: int = Field(64 * 2**20, description="an import with a larger file is refused")
    mge_max_total_bytes: int = Field(4 * 2**30, description="an import with more bytes is refused")
    mge_max_archive_ratio: int = Field(
        200, description="an archive that unpacks to more times its size is refused"
    )

    anthropic_api_key: SecretStr | None = Field(
        None, description="key of Anthropic's API, or of the server at ANTHROPIC_BASE_URL"
    )
    anthropic_base_url: str | None = Field(
        None, description="another server that speaks the Messages API; unset: Anthropic's"
    )
    mge_llm_model: str = Field("", description="the model that answers everything; unset: one by complexity")
    mge_llm_timeout_seconds: float = Field(
        600.0, gt=0, description="seconds that a model's server may be silent before a request is given up"
    )

    devmatrix_mode: Literal["mvp", "v2_atoms", "hybrid"] = Field(
        "mvp", description="mode of a run that no request, override or rollout decides"
    )
    enable_v2_atomization: bool = Field(True, description="whether plans may be cut into atoms; V2 needs it")
    enable_v2_dep_graph: bool = Field(True, description="whether dependency graphs may be built; V2 needs it")
    enable_v2_validation: bool = Field(True, description="whether atoms may be validated; V2 needs it")
    enable_v2_execution: bool = Field(
        False, description="whether runs may be executed in V2 at all: the kill switch"
    )
    enable_v2_review: bool = Field(True, description="whether uncertain atoms are queued for a person")
    v2_rollout_percent: int = Field(
        0, ge=0, le=100, description="share of users whose runs are V2's, in percent"
    )
    v2_max_parallel_atoms: int = Field(50, ge=1, le=1_000, description="atoms of a wave generated at once")
    v2_retry_max_attempts: int = Field(3, ge=1, le=20, description="attempts at an atom at most")
    v2_context_completeness_target: float = Field(
        0.95, ge=0, le=1, description="share of what an atom depends on that its context has to hold"
    )
    v2_validation_strictness: Literal["low", "medium", "high"] = Field(
        "medium", description="which findings of a validation count as errors"
    )
    mvp_max_parallel_tasks: int = Field(3, ge=1, le=100, description="tasks of a plan executed at once")
