"""Tokens of a prompt, guessed from its bytes."""

from __future__ import annotations

import json
from typing import Final

from app.model.prompt import Prompt

_BYTES_A_TOKEN: Final = 3
_OVERHEAD: Final = 40
"""What roles and their marks take around a prompt."""
_MAX_OVERHEAD: Final = 1_000
"""What a server adds at most: its own words about schemas and thinking are billed too."""


def prompt_bytes(prompt: Prompt) -> int:
    """The bytes of all that is sent of a prompt."""
    schema = json.dumps(dict(prompt.schema)) if prompt.schema is not None else ""
    return sum(
        len(text.encode("utf-8", "surrogatepass"))
        for text in (prompt.system, prompt.user, prompt.begun, schema)
    )


def guess_tokens(prompt: Prompt) -> int:
    """About as many tokens as the prompt has, rather more than less."""
    return prompt_bytes(prompt) // _BYTES_A_TOKEN + _OVERHEAD


def bound_tokens(prompt: Prompt) -> int:
    """As many tokens as the prompt can have: no token is shorter than a byte."""
    return prompt_bytes(prompt) + _MAX_OVERHEAD


def guess_text_tokens(text: str) -> int:
    """About as many tokens as a text has."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)
