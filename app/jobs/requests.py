"""What jobs can be asked for: one class for each kind. `app.worker.kinds` says how each is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import Field, TypeAdapter

from app.model.plan_id import plan_id_for


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about: no two jobs of one subject run at once. ``path`` is where it is over REST, empty if nowhere."""

    lock: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import as the plan ``name``: the ``upload`` of that id, or the ``path`` below the import root.

    ``root`` is what the uploaded archive's top folder counts as.
    """

    kind_name: ClassVar[str] = "import"

    name: str
    upload: str = ""
    root: str = ""
    path: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kind: Literal["import"] = "import"

    def subject(self, tenant_id: str) -> Subject:
        return _graph_plan(plan_id_for(tenant_id, self.name))


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """The plan whose cycles and waves are to be found again."""

    kind_name: ClassVar[str] = "build"

    plan_id: str
    kind: Literal["build"] = "build"

    def subject(self, tenant_id: str) -> Subject:
        return _graph_plan(self.plan_id)


@dataclass(frozen=True, slots=True)
class DiscoverRequest:
    """A request in words to make a discovery document of; ``provider`` is who answers."""

    kind_name: ClassVar[str] = "discover"

    user_request: str
    provider: str
    session_id: str
    user_id: str
    kind: Literal["discover"] = "discover"

    def subject(self, tenant_id: str) -> Subject:
        return Subject(f"session {self.session_id}")


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A discovery document to make a masterplan of; ``budget_usd`` is a decimal number, None for no limit."""

    kind_name: ClassVar[str] = "generate"

    discovery_id: str
    provider: str
    session_id: str
    user_id: str
    budget_usd: str | None = None
    kind: Literal["generate"] = "generate"

    def subject(self, tenant_id: str) -> Subject:
        return Subject(f"discovery {self.discovery_id}", f"/api/v1/discovery/{self.discovery_id}")


@dataclass(frozen=True, slots=True)
class ExecuteRequest:
    """A plan to execute in a mode; its status was set to in progress with the request."""

    kind_name: ClassVar[str] = "execute"

    masterplan_id: str
    mode: str
    provider: str
    kind: Literal["execute"] = "execute"

    def subject(self, tenant_id: str) -> Subject:
        return Subject(f"masterplan {self.masterplan_id}", f"/api/v1/masterplan/{self.masterplan_id}")


JobRequest: TypeAlias = ImportRequest | BuildRequest | DiscoverRequest | GenerateRequest | ExecuteRequest

JOB_KINDS: Final[tuple[str, ...]] = tuple(request.kind_name for request in get_args(JobRequest))

REQUEST: Final[TypeAdapter[JobRequest]] = TypeAdapter(Annotated[JobRequest, Field(discriminator="kind")])


def _graph_plan(plan_id: str) -> Subject:
    return Subject(f"plan {plan_id}", f"/api/v2/plans/{plan_id}")
