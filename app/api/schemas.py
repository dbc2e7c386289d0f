"""What the routes take and answer, in the words of the graph and of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from app.jobs.requests import JOB_KINDS

# Postgres keeps no NUL in text, and a name or pattern has no use for other control characters.
_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"

PlanName: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_TEXT)
]
Pattern: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_TEXT)]
Patterns: TypeAlias = Annotated[tuple[Pattern, ...], Field(max_length=100)]
Id: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_TEXT)]


def example(**values: JsonValue) -> ConfigDict:
    """A model with an example for the documentation."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def taken(**values: JsonValue) -> ConfigDict:
    """The same for what a request brings: what the model does not know is refused."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class ProblemModel(BaseModel):
    """What went wrong (RFC 9457); `type` is stable."""

    model_config = example(
        type="urn:mge:problem:not-found",
        title="Nothing has that id",
        status=404,
        detail="there is no plan 'shop'",
        hint="GET /api/v2/plans lists the plans",
        instance="/api/v2/plans/shop",
        request_id="0f8fad5bd9cb469fa16570867728950e",
    )

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    field: str = Field("", description="the part of the request at fault")
    line: int = Field(0, description="the line of a statement that is wrong, from 1")
    column: int = Field(0, description="the column of a statement that is wrong, from 1")
    errors: list[dict[str, str]] = Field([], description="everything at fault, where it is more than one")
    instance: str
    request_id: str


class ImportByPath(BaseModel):
    """An import from a path of the server."""

    model_config = taken(path="shop", name="shop", include=[], exclude=["docs/"])

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_TEXT)] = Field(
        description="inside MGE_IMPORT_ROOT, relative to it or absolute"
    )
    name: PlanName | None = Field(None, description="of the plan; the path's last part if left out")
    include: Patterns = Field((), description="read only these; patterns as in .gitignore")
    exclude: Patterns = Field((), description="leave these out; patterns as in .gitignore")


class BuildRequestModel(BaseModel):
    """Which plan's cycles and waves to find anew."""

    model_config = taken(plan_id="0c9a1b52-3a0e-5f39-9d4f-5a1d9f2e7c11")

    plan_id: Id


class JobLinks(BaseModel):
    """Where to go from a job; `plan` is what the job is about, where that has an address."""

    self: str
    cancel: str
    plan: str | None = None


class StageModel(BaseModel):
    """How far a stage is; `total` is -1 where it is not known."""

    stage: str
    done: int
    total: int


class JobModel(BaseModel):
    """A job as it is now: `result` once it succeeded, `error` (a problem) once it failed."""

    model_config = example(
        job_id="7f1c8f0e-5a60-4f0e-9d53-0f4be8f8a3f2",
        kind="import",
        status="running",
        attempt=1,
        progress=[{"stage": "files", "done": 120, "total": 493}],
        result=None,
        error=None,
        created_at="2026-11-22T10:00:00Z",
        started_at="2026-11-22T10:00:01Z",
        finished_at=None,
        links={
            "self": "/api/v2/jobs/7f1c8f0e-5a60-4f0e-9d53-0f4be8f8a3f2",
            "cancel": "/api/v2/jobs/7f1c8f0e-5a60-4f0e-9d53-0f4be8f8a3f2/cancel",
            "plan": "/api/v2/plans/0c9a1b52-3a0e-5f39-9d4f-5a1d9f2e7c11",
        },
    )

    job_id: UUID
    kind: str = Field(description=f"one of {', '.join(JOB_KINDS)}", json_schema_extra={"enum": [*JOB_KINDS]})
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    attempt: int = Field(description="how often it was begun: a stopped worker's job is begun again")
    progress: list[StageModel]
    result: dict[str, JsonValue] | None = Field(description="every figure of the import or of the build")
    error: dict[str, JsonValue] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: JobLinks


class PlanModel(BaseModel):
    """A plan and what it holds."""

    model_config = example(
        plan_id="0c9a1b52-3a0e-5f39-9d4f-5a1d9f2e7c11",
        project_name="shop",
        source="import",
        status="imported",
        execution_mode="v2_atoms",
        root="shop",
        build_id="2d3f6a40-8f0e-4c1b-9a39-0b6c2b8f4a77",
        total_files=493,
        recovered_files=1,
        opaque_files=0,
        total_bytes=1843200,
        total_loc=40211,
        total_atoms=5230,
        total_symbols=4100,
        total_externals=120,
        import_deps=9000,
        type_deps=1200,
        control_deps=11000,
        data_deps=8000,
        created_at="2026-11-22T10:00:00Z",
        updated_at="2026-11-22T10:00:40Z",
    )

    plan_id: str
    project_name: str
    source: str
    status: str
    execution_mode: str
    root: str = Field(description="name of the folder, archive or repository that was read")
    build_id: str
    total_files: int
    recovered_files: int
    opaque_files: int
    total_bytes: int
    total_loc: int
    total_atoms: int
    total_symbols: int
    total_externals: int
    import_deps: int
    type_deps: int
    control_deps: int
    data_deps: int
    created_at: datetime
    updated_at: datetime


class BuildModel(BaseModel):
    """How a plan's graph was built; `seconds` by stage."""

    build_id: str
    total_atoms: int
    total_edges: int
    max_depth: int
    widest_wave: int
    cycles: int
    cut_edges: int
    seconds: dict[str, float]
    tool_version: str
    created_at: datetime


class PlanDetail(BaseModel):
    """A plan and its last build."""

    plan: PlanModel
    build: BuildModel | None


class PlanPage(BaseModel):
    """Some plans, by id; `next_cursor` is null on the last page."""

    items: list[PlanModel]
    next_cursor: str | None


class AtomSummary(BaseModel):
    """An atom without its code."""

    model_config = example(
        atom_id="5f0d0c2e7b5a4a0e",
        atom_number=3,
        name="total",
        qualified_name="shop.cart.Cart.total",
        kind="method",
        node_type="function_definition",
        language="python",
        path="shop/cart.py",
        start_line=20,
        end_line=27,
        start_byte=410,
        end_byte=640,
        loc=7,
        complexity=2,
        indivisible=False,
        signature="def total(self) -> int",
        docstring="What the cart costs.",
        content_hash="9f86d081884c7d65",
        status="imported",
        wave=4,
        cycle_id=None,
    )

    atom_id: str
    atom_number: int = Field(description="place in the file, from 1")
    name: str
    qualified_name: str
    kind: str
    node_type: str
    language: str
    path: str
    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    loc: int
    complexity: int
    indivisible: bool
    signature: str
    docstring: str
    content_hash: str
    status: str
    wave: int | None
    cycle_id: str | None


class AtomPage(BaseModel):
    """Some atoms, by path and place in the file; `next_cursor` is null on the last page."""

    items: list[AtomSummary]
    next_cursor: str | None


class AtomModel(AtomSummary):
    """An atom with its code."""

    code: str


class DependencyModel(BaseModel):
    """A dependency and its evidence, with the atom at its other end."""

    model_config = example(
        type="CONTROL_DEP",
        atom_id="77ac19ce10c2b3f1",
        name="price",
        path="shop/price.py",
        start_line=3,
        wave=2,
        kinds=["call"],
        symbols=["price"],
        evidence=["24:16"],
        rule="scope",
        confidence=1.0,
        weight=0.85,
        type_only=False,
        cut=False,
    )

    type: str
    atom_id: str
    name: str
    path: str
    start_line: int
    wave: int | None
    kinds: list[str]
    symbols: list[str]
    evidence: list[str] = Field(description="line:column in the atom that needs, both from 1")
    rule: str
    confidence: float
    weight: float
    type_only: bool
    cut: bool


class AtomDetail(BaseModel):
    """An atom, what it needs and what needs it, each list at most `limit` long."""

    plan_id: str
    atom: AtomModel
    needs: list[DependencyModel]
    needed_by: list[DependencyModel]
    truncated: bool = Field(description="whether there are more dependencies than the lists show")


class NodeModel(BaseModel):
    """An atom in a drawing."""

    atom_id: str
    name: str
    qualified_name: str
    kind: str
    language: str
    path: str
    start_line: int
    end_line: int
    wave: int | None
    cycle_id: str | None


class EdgeModel(BaseModel):
    """A dependency in a drawing: `source` needs `target`."""

    source: str
    target: str
    type: str
    weight: float
    cut: bool
    type_only: bool


class GraphModel(BaseModel):
    """Some of a plan's graph; `truncated` where more nodes or edges belong to it than were asked for."""

    model_config = example(
        nodes=[
            {
                "atom_id": "5f0d0c2e7b5a4a0e",
                "name": "total",
                "qualified_name": "shop.cart.Cart.total",
                "kind": "method",
                "language": "python",
                "path": "shop/cart.py",
                "start_line": 20,
                "end_line": 27,
                "wave": 4,
                "cycle_id": None,
            }
        ],
        edges=[
            {
                "source": "5f0d0c2e7b5a4a0e",
                "target": "77ac19ce10c2b3f1",
                "type": "CONTROL_DEP",
                "weight": 0.85,
                "cut": False,
                "type_only": False,
            }
        ],
        truncated=False,
        next_cursor=None,
    )

    nodes: list[NodeModel]
    edges: list[EdgeModel] = Field(
        description="between the nodes (neighbourhood), or out of them (page: also to atoms of other pages)"
    )
    truncated: bool
    next_cursor: str | None


class WaveModel(BaseModel):
    """A wave: everything in it depends on earlier waves only."""

    model_config = example(number=1, total_atoms=812, completed_atoms=0, failed_atoms=0, status="pending")

    number: int
    total_atoms: int
    completed_atoms: int
    failed_atoms: int
    status: str


class WavePage(BaseModel):
    """Some waves, in order; `next_cursor` is null on the last page."""

    items: list[WaveModel]
    next_cursor: str | None


class ParameterModel(BaseModel):
    """A parameter of a named query."""

    name: str
    type: str
    example: JsonValue
    meaning: str


class QueryModel(BaseModel):
    """A named query; its `text` can be pasted into Neo4j Browser."""

    model_config = example(
        name="waves/list",
        answers="The waves of a plan, in order.",
        parameters=[
            {"name": "plan_id", "type": "string", "example": "shop", "meaning": "the plan"},
            {"name": "limit", "type": "integer", "example": 100, "meaning": "rows at most"},
        ],
        returns="number, total_atoms, status",
        cost="grows with the rows",
        text="MATCH (wave:Wave {plan_id: $plan_id}) RETURN wave.number AS number LIMIT $limit",
    )

    name: str
    answers: str
    parameters: list[ParameterModel]
    returns: str
    cost: str
    text: str


class QueryList(BaseModel):
    """Every query that can be run by name."""

    items: list[QueryModel]


class QueryRun(BaseModel):
    """The parameters of a run."""

    model_config = taken(parameters={"plan_id": "0c9a1b52-3a0e-5f39-9d4f-5a1d9f2e7c11", "limit": 10})

    parameters: dict[str, JsonValue] = Field({}, description="as the query declares them, but for tenant_id")


class CypherRun(BaseModel):
    """A statement of one's own, and how much it may take."""

    model_config = taken(
        query="MATCH (atom:Atom {plan_id: $plan_id}) RETURN atom.name AS name, atom.loc AS loc LIMIT 10",
        parameters={"plan_id": "0c9a1b52-3a0e-5f39-9d4f-5a1d9f2e7c11"},
        format="json",
    )

    query: str = Field(min_length=1, description="what only reads: MATCH … RETURN …")
    parameters: dict[str, JsonValue] = Field({}, description="what the statement names as $name")
    format: Literal["json", "ndjson", "csv", "arrow"] = Field("json", description="how rows are sent")
    seconds: float = Field(20.0, ge=0.1, le=60.0, description="it is ended after these")
    limit: int = Field(1_000, ge=1, le=100_000, description="rows at most; 32 MiB are the end in any case")


class QueryRows(BaseModel):
    """What a query returned; `truncated` where it had more rows than are shown."""

    model_config = example(columns=["number", "total_atoms"], rows=[[1, 812], [2, 433]], truncated=False)

    columns: list[str]
    rows: list[list[JsonValue]]
    truncated: bool


class StoreHealth(BaseModel):
    """A store: `up` with its version, or `down` with the reason."""

    status: Literal["up", "down"]
    version: str | None = None
    latency_ms: float | None = None
    reason: str | None = None


class Health(BaseModel):
    """The service and what it stands on. `workers` is null where Postgres is down."""

    model_config = example(
        status="up",
        version="0.1.0",
        neo4j={"status": "up", "version": "5.26.30", "latency_ms": 1.8, "reason": None},
        postgres={"status": "up", "version": "18.0", "latency_ms": 0.7, "reason": None},
        workers=1,
    )

    status: Literal["up", "down"]
    version: str
    neo4j: StoreHealth
    postgres: StoreHealth
    workers: int | None = Field(description="how many gave a sign of life just now; 0: jobs wait")
