"""Every reference is resolved, external, builtin or counted as unresolved, with its reason."""

from __future__ import annotations

import pytest

from tests.unit.resolve.lines import link


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f(a):\n    b = a\n    return b + len(b)\n", (3, 0, 1, {})),
        ("a.py", "import os\n\n\ndef f(a):\n    return os.path.join(a)\n", (1, 4, 0, {})),
        (
            "a.py",
            "def f(a):\n    return a.b + gone\n",
            (1, 0, 0, {"receiver of unknown type": 1, "unknown name": 1}),
        ),
        ("a.py", "class A:\n    pass\n\n\nA.x\n", (1, 0, 0, {"no such member": 1})),
        (
            "a.py",
            "from a import gone\n\n\nclass B(gone):\n    pass\n",
            (1, 0, 0, {"no such module or name": 2}),
        ),
        ("a.py", "def f(a):\n    del a\n    return [b for b in a]\n", (3, 0, 0, {})),
        ("a.js", "function f(a) { const b = a; return b + parseInt(b) }\n", (3, 0, 1, {})),
        ("a.ts", "import { x } from 'y'\nexport const z: Z = x.w\n", (0, 4, 0, {"unknown name": 1})),
    ],
)
def test_each_is_counted_once(path: str, text: str, expected: tuple[int, int, int, dict[str, int]]) -> None:
    counts = link({path: text})[path].counts
    assert (counts.resolved, counts.external, counts.builtin, dict(counts.unresolved)) == expected
