"""How a rollout treats many users as its percentage goes up and back down. Needs no stack.

    .venv/bin/python -m benchmarks.rollout [--users 100000] [--seed 18]

Prints for each percentage the share of users whose runs are V2's, how many came and went, and microseconds a choice; fails
where a share is more than half a point off, a step up takes a user away or a step down adds one, or a user has another
mode when asked again.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import pairwise
from random import Random
from typing import Final
from uuid import UUID

from app.model.plan import ExecutionMode
from app.modes.choose import BucketId, Choice, Flag, choose

STEPS: Final = (0, 5, 10, 25, 50, 75, 100, 0)
POINTS: Final = 0.5


def asked(user: BucketId, percent: int) -> Choice:
    """The choice for a user whom nothing but the rollout speaks of."""
    return choose(
        None,
        None,
        None,
        percent,
        ExecutionMode.MVP,
        frozenset(Flag),
        user,
        implemented=frozenset(ExecutionMode),
    )


def main() -> None:
    """Go through the percentages, and say what happened to the users."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=18)
    options = parser.parse_args()
    random = Random(options.seed)
    users = [BucketId("user", UUID(int=random.getrandbits(128), version=4)) for _ in range(options.users)]
    print(f"{options.users:,} users, seed {options.seed}")
    wrong = 0
    before: frozenset[BucketId] = frozenset()
    for earlier, percent in pairwise((0, *STEPS)):
        began = time.perf_counter()
        inside = frozenset(user for user in users if asked(user, percent).mode is ExecutionMode.V2_ATOMS)
        each = (time.perf_counter() - began) / options.users * 1e6
        again = frozenset(user for user in users if asked(user, percent).mode is ExecutionMode.V2_ATOMS)
        came, went = len(inside - before), len(before - inside)
        share = len(inside) / options.users * 100
        good = (
            abs(share - percent) <= POINTS and inside == again and (went if percent >= earlier else came) == 0
        )
        wrong += not good
        print(
            f"{percent:4} %: {share:7.3f} % in V2 ({share - percent:+.3f}), {came:6,} came, {went:6,} went, "
            f"{each:.1f} us a choice{'' if good else '  WRONG'}"
        )
        before = inside
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
