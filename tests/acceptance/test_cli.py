"""The `mge` command as a process, against the real stores."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import networkx
import pytest
from neo4j import GraphDatabase

from app.model.plan_id import plan_id_for
from app.scip.messages import index_type
from app.stack import Endpoints

_PACKAGE = Path(networkx.__file__).parent / "algorithms" / "flow"


class Cli:
    """`mge` with the test's stores in its environment."""

    def __init__(self, servers: Endpoints, home: Path) -> None:
        self.servers = servers
        self.env = {
            **os.environ,
            "NEO4J_URI": servers.neo4j_uri,
            "NEO4J_USER": servers.neo4j_user,
            "NEO4J_PASSWORD": servers.neo4j_password,
            "DATABASE_URL": servers.database_url,
            "MGE_HOME": str(home),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command as a process in a group of its own, as a terminal's foreground command is."""
        return subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, err
        assert "Traceback" not in err
        return out if code == 0 else out + err

    def json(self, *arguments: str) -> object:
        return json.loads(self.run(*arguments, "--json"))


def _heed_ctrl_c() -> None:
    """A parent that runs in the background may have handed down that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def mge(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    cli = Cli(servers, tmp_path_factory.mktemp("home"))
    cli.run("migrate", "up")
    return cli


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A small code base in three languages, with line ends and encodings of all kinds."""
    root = tmp_path / "code"
    shutil.copytree(_PACKAGE, root / "flow", ignore=shutil.ignore_patterns("__pycache__", "tests", "*.bz2"))
    (root / "web").mkdir()
    (root / "web" / "a.ts").write_text(
        "import { b } from './b';\nexport interface N { n: number }\n\n\nexport class A {\n  constructor(x: N) { b(x); }\n}\n"
    )
    (root / "web" / "b.js").write_bytes(b"export function b(x) {\r\n  return x;\r\n}\r\n")
    (root / "web" / "empty.tsx").write_bytes(b"")
    (root / "latin.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    (root / "broken.py").write_bytes(b"def f(:\n  return\n\n\nx = 1\ny = x\nz = y\n")
    (root / "wide.py").write_bytes("x = 1\n".encode("utf-16"))
    (root / "data.bin").write_bytes(b"\0")
    return root


def files_below(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


def index_of_the_scripts() -> bytes:
    """What an indexer would say of web/: that a.ts imports and calls what b.js defines."""
    index = index_type()()
    called = "scip-typescript npm web 1 `b.js`/b()."
    a = index.documents.add(relative_path="web/a.ts")
    a.occurrences.add(range=[0, 9, 10], symbol=called)
    a.occurrences.add(range=[5, 22, 23], symbol=called)
    b = index.documents.add(relative_path="web/b.js")
    b.occurrences.add(range=[0, 16, 17], symbol=called, symbol_roles=1)
    content: bytes = index.SerializeToString()
    return content


def test_import_show_assemble_delete(mge: Cli, code: Path, tmp_path: Path) -> None:
    result = mge.json("import", str(code), "--name", "cli there and back")
    assert isinstance(result, dict)
    expected = {path: data for path, data in files_below(code).items() if path != "data.bin"}
    assert result["files"] == len(expected)
    assert (result["recovered"], result["opaque"], result["other_files"]) == (1, 1, 1)
    assert set(result["dependencies"]) == {"IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"}

    plans = mge.json("plans")
    assert isinstance(plans, list)
    assert [plan["total_atoms"] for plan in plans if plan["plan_id"] == result["plan_id"]] == [
        result["atoms"]
    ]
    shown = mge.json("show", "cli there and back")
    assert isinstance(shown, dict)
    assert shown["build"]["max_depth"] == result["waves"]
    open_ends = mge.json("show", "cli there and back", "--unresolved")
    assert isinstance(open_ends, dict)
    assert {reason["reason"]: reason["references"] for reason in open_ends["reasons"]} == result["unresolved"]
    assert {name: open_ends[name] for name in ("resolved", "external", "builtin")} == {
        name: result["references"].get(name, 0) for name in ("resolved", "external", "builtin")
    }

    exported = json.loads(mge.run("export", "cli there and back"))
    assert len(exported["atoms"]) == result["atoms"]
    assert len(exported["dependencies"]) == sum(result["dependencies"].values())

    mge_index = tmp_path / "index.scip"
    mge_index.write_bytes(index_of_the_scripts())
    scored = mge.json("score", "cli there and back", "--against", str(mge_index))
    assert isinstance(scored, dict)
    assert (scored["precision"], scored["recall"], scored["found"]) == (1.0, 1.0, {"function": 2})

    out = tmp_path / "out"
    mge.run("assemble", "cli there and back", "--out", str(out))
    assert files_below(out) == expected
    assert "not empty" in mge.run("assemble", "cli there and back", "--out", str(out), code=2)

    assert "0 changed, 0 gone" in mge.run("check", "cli there and back", str(out))
    edited = min(out.rglob("*.py"))
    edited.write_bytes(edited.read_bytes() + b"x = 1\n")
    assert "1 changed, 0 gone" in mge.run("check", "cli there and back", str(out), code=1)
    told = json.loads(mge.run("check", "cli there and back", str(out), "--json", code=1))
    assert told["changed"] == [edited.relative_to(out).as_posix()]

    touched = mge.json("impact", "cli there and back", "--file", min(expected))
    assert isinstance(touched, dict)
    assert {row["path"] for row in touched["changed"]} == {min(expected)}
    assert sum(row["atoms"] for row in touched["by_distance"]) == len(touched["touched"])
    assert "--symbol" in mge.run("impact", "cli there and back", code=2)

    assert (
        mge.json(
            "cypher", "run", "waves/check", "--param", "plan_id=cli there and back", "--param", "limit=5"
        )
        == []
    )

    digest = mge.json("digest", "cli there and back")
    for options, read_anew in (((), 0), (("--full",), result["files"])):
        again = mge.json("import", str(code), "--name", "cli there and back", *options)
        assert isinstance(again, dict)
        assert (again.pop("analysed"), again.pop("linked")) == (read_anew, read_anew)
        assert {**again, "seconds": 0} == {key: result[key] for key in again} | {"seconds": 0}
        assert mge.json("digest", "cli there and back") == digest
    mge.run("delete", "cli there and back")
    assert "no plan" in mge.run("show", "cli there and back", code=3)


def test_an_archive_and_a_repository_give_the_same_atoms_as_the_folder(
    mge: Cli, code: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "code.tar.gz", "w:gz") as archive:
        archive.add(code, "code")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q", str(code)], check=True)
    subprocess.run([*git, "-C", str(code), "add", "."], check=True)
    subprocess.run([*git, "-C", str(code), "commit", "-qm", "one"], check=True)
    figures = []
    for location in (str(code), str(tmp_path / "code.tar.gz"), f"{code}@HEAD"):
        result = mge.json("import", location, "--name", "cli same")
        assert isinstance(result, dict)
        figures.append(
            {key: result[key] for key in ("files", "atoms", "dependencies", "waves", "cycles", "symbols")}
        )
    assert figures[0] == figures[1] == figures[2]
    mge.run("delete", "cli same")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("import", "/no/such/path"), 2, "does not exist"),
        (("show", "no such plan"), 3, "no plan"),
        (("cypher", "run", "no/such"), 2, "no query"),
        (("cypher", "run", "waves/list", "--param", "nonsense"), 2, "KEY=VALUE"),
        (("cypher", "run", "publish/retire", "--param", "plan_id=x"), 2, "step of the service"),
        (("logs", "nothing"), 2, "no service"),
    ],
)
def test_mistakes_are_explained(mge: Cli, arguments: tuple[str, ...], exit_code: int, said: str) -> None:
    told = mge.run(*arguments, code=exit_code)
    assert said in told
    assert "hint:" in told


def _plan_digest(servers: Endpoints, name: str) -> tuple[int, int, int, int]:
    """What readers see of a plan: atoms, dependencies, a sum over both, and waves."""
    with (
        GraphDatabase.driver(servers.neo4j_uri, auth=(servers.neo4j_user, servers.neo4j_password)) as driver,
        driver.session(default_access_mode="READ") as session,
    ):
        row = session.run(
            """
            MATCH (plan:Plan {project_name: $name})
            OPTIONAL MATCH (plan)-[:HAS_FILE]->(:File)-[:CONTAINS]->(atom:Atom)
            WITH plan, atom, COUNT { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(:Atom) } AS needs
            RETURN count(atom) AS atoms, sum(needs) AS needs, sum(atom.wave) AS waves, sum(atom.start_byte) AS bytes
            """,
            name=name,
        ).single()
    assert row is not None
    return row["atoms"], row["needs"], row["waves"], row["bytes"]


def _two_versions(code: Path, tmp_path: Path) -> tuple[Path, Path]:
    other = tmp_path / "other"
    shutil.copytree(code, other)
    (other / "flow" / "maxflow.py").unlink()
    (other / "added.py").write_text("import flow\n\n\ndef added():\n    return flow\n")
    return code, other


def _kill_importers(mge: Cli, code: Path, tmp_path: Path, moments: int, seed: int) -> None:
    """`kill -9` at random moments of an import: readers see the plan before or the plan after, whole."""
    name = f"cli killed {seed}"
    versions = _two_versions(code, tmp_path)
    began = time.monotonic()
    mge.run("import", str(versions[1]), "--name", name)
    took = time.monotonic() - began
    digests = {_plan_digest(mge.servers, name)}
    mge.run("import", str(versions[0]), "--name", name)
    digests.add(_plan_digest(mge.servers, name))
    assert len(digests) == 2
    rng = random.Random(seed)
    for moment in range(moments):
        process = mge.start("import", str(versions[(moment + 1) % 2]), "--name", name)
        time.sleep(rng.uniform(0.1, 1.1) * took)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert _plan_digest(mge.servers, name) in digests, f"seed {seed}, moment {moment}"
    mge.run("import", str(versions[1]), "--name", name)
    assert _plan_digest(mge.servers, name) in digests
    mge.run("delete", name)


def test_a_killed_importer_leaves_a_whole_plan(mge: Cli, code: Path, tmp_path: Path) -> None:
    _kill_importers(mge, code, tmp_path, moments=3, seed=1)


@pytest.mark.long
def test_fifty_killed_importers(mge: Cli, code: Path, tmp_path: Path) -> None:
    _kill_importers(mge, code, tmp_path, moments=50, seed=random.randrange(10**6))


def test_ctrl_c_leaves_nothing_half_done(mge: Cli, code: Path) -> None:
    began = time.monotonic()
    mge.run("import", str(code), "--name", "cli interrupted", "--full")
    took = time.monotonic() - began
    before = _plan_digest(mge.servers, "cli interrupted")
    for share in (0.3, 0.5, 0.7, 0.9):
        process = mge.start("import", str(code), "--name", "cli interrupted", "--full")
        time.sleep(share * took)
        # As a terminal sends it: the parser processes and the compiler get it too.
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 130), err
        assert "Traceback" not in err
        assert _plan_digest(mge.servers, "cli interrupted") == before
        if process.returncode == 130:
            assert _staged_builds(mge.servers, "cli interrupted") == 0
    mge.run("delete", "cli interrupted")


def _staged_builds(servers: Endpoints, name: str) -> int:
    """How many builds of the plan were begun and neither published nor discarded."""
    with (
        GraphDatabase.driver(servers.neo4j_uri, auth=(servers.neo4j_user, servers.neo4j_password)) as driver,
        driver.session(default_access_mode="READ") as session,
    ):
        left = session.run(
            "MATCH (n:StagedBuild {plan_id: $plan_id}) RETURN count(n) AS n",
            plan_id=plan_id_for("default", name),
        ).single()
    assert left is not None
    return int(left["n"])


def test_impact_of_a_commit(mge: Cli, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "a.py").write_text("def base():\n    return 1\n\n\ndef other():\n    return 2\n")
    (root / "b.py").write_text(
        "from a import base, other\n\n\ndef user():\n    return base()\n\n\ndef idle():\n    return other()\n"
    )
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run((*git, *words), cwd=root, check=True)
    (root / "a.py").write_text("# moved down\ndef base():\n    return 3\n\n\ndef other():\n    return 2\n")
    subprocess.run((*git, "commit", "-qam", "second"), cwd=root, check=True)
    mge.json("import", str(root), "--name", "impact of a commit")

    found = mge.json("impact", "impact of a commit", "--diff", "HEAD~1", "--path", str(root))
    assert isinstance(found, dict)
    names = {row["name"] for row in found["changed"]}
    assert any("base" in name for name in names)
    assert not any("other" in name for name in names)
    assert {row["name"].partition("#")[0] for row in found["touched"]} >= {"b.user"}
    assert not any("idle" in row["name"] for row in found["touched"])
    least = mge.json("impact", "impact of a commit", "--diff", "HEAD~1", "--path", str(root), "--validate")
    assert isinstance(least, dict)
    assert {row["why"] for row in least["touched"]} == {"changed", "direct"}
    assert "no commit" in mge.run(
        "impact", "impact of a commit", "--diff", "gone", "--path", str(root), code=2
    )


def test_boundaries_and_rules(mge: Cli, code: Path, tmp_path: Path) -> None:
    result = mge.json("import", str(code), "--name", "with boundaries")
    assert isinstance(result, dict)
    built = mge.json("boundaries", "build", "with boundaries")
    shown = mge.json("boundaries", "show", "with boundaries", "--limit", "1000")
    assert isinstance(built, dict)
    assert isinstance(shown, list)
    assert sum(component["atoms"] for component in shown) == result["atoms"]
    assert sum(component["modules"] for component in shown) == built["modules"]
    rules = tmp_path / "rules.toml"
    rules.write_text('[[forbidden]]\nname = "a is alone"\nfrom = ["web/a.ts"]\nto = ["web/b.*"]\n')
    assert "web/a.ts:" in mge.run("boundaries", "check", "with boundaries", str(rules), "--json", code=1)
    rules.write_text('[[forbidden]]\nname = "one way"\nfrom = ["flow/**"]\nto = ["web/**"]\n')
    assert mge.json("boundaries", "check", "with boundaries", str(rules)) == []
    rules.write_text("colour = 1")
    assert "colour" in mge.run("boundaries", "check", "with boundaries", str(rules), code=2)
