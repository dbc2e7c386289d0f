"""A provider that is watched: what it was asked and what it answered is kept for the account of a replay."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.llm.port import Answer, Estimate, OnProgress, Provider
from app.model.prompt import Complexity, Prompt


@dataclass(slots=True)
class Witness:
    """Passes all on to a provider. ``run`` tells its requests from those of other replays, whose answers are not reused."""

    provider: Provider
    run: str
    answers: dict[tuple[str, int], str] = field(default_factory=dict)
    requests: int = 0

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def simulated(self) -> bool:
        return self.provider.simulated

    @property
    def continues(self) -> bool:
        return self.provider.continues

    def model_for(self, complexity: Complexity) -> str:
        return self.provider.model_for(complexity)

    def fingerprint(self, prompt: Prompt) -> str:
        return f"{self.provider.fingerprint(prompt)} {self.run}"

    def estimate(self, prompt: Prompt) -> Estimate:
        return self.provider.estimate(prompt)

    async def measure(self, prompt: Prompt) -> Estimate:
        return await self.provider.measure(prompt)

    async def complete(self, prompt: Prompt, on_progress: OnProgress | None = None) -> Answer:
        """As the provider does."""
        self.requests += 1
        answer = await self.provider.complete(prompt, on_progress)
        self.answers[prompt.label, prompt.attempt] = answer.text
        return answer
