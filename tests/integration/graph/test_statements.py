"""An analyst's statement reads and does nothing else, whatever it says, and takes no more than it may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from app.errors import InputError, MgeError, StoreDown
from app.export.digest import digest
from app.graph.connect import Graph
from app.graph.publish import delete_plan
from app.graph.queries import Value
from app.graph.statements import Answer, Bounds, End, gathered, run_statement
from tests.integration.graph.plans import ask, new_plan, published

HOSTILE: Mapping[str, Value] = {"p": "x", "map": {"a": 1}, "runaway": "(a+)+b"}
BOUNDS = Bounds(seconds=5, rows=1_000, bytes=2**20)

WRITES = """\
CREATE (n:Hostile)
MERGE (n:Hostile {a: 1})
MATCH (n) SET n.hostile = true
MATCH (n) REMOVE n:Atom
MATCH (n) DETACH DELETE n
MATCH (n)-[r]->() DELETE r
MATCH (n) SET n = {}
MATCH (n) SET n += {hostile: 1}
MATCH (n) SET n:$("Hostile")
MATCH (n) FOREACH (x IN [1] | SET n.hostile = x)
FOREACH (x IN [1, 2] | CREATE (:Hostile))
CALL () { CREATE (:Hostile) } RETURN 1
CALL { CREATE (:Hostile) RETURN 1 AS x } RETURN x
UNWIND [1] AS x CALL (x) { CREATE (:Hostile) } IN TRANSACTIONS OF 1 ROW
MATCH (n) CALL (n) { SET n.hostile = 1 } IN TRANSACTIONS OF 10 ROWS
MATCH (n) CALL (n) { DETACH DELETE n } IN 2 CONCURRENT TRANSACTIONS
RETURN 1 AS x UNION CREATE (:Hostile) RETURN 1 AS x
MATCH (n:Atom) WITH n LIMIT 1 CREATE (n)-[:HOSTILE]->(n) RETURN 1
CR\\u0045ATE (n:Hostile)
cReAtE (n:Hostile)
CREATE/**/(n:Hostile)
/* MATCH (n) RETURN n */ CREATE (n:Hostile)
// MATCH (n) RETURN n\nCREATE (n:Hostile)
CREATE (n:`Host``ile`)
MATCH (a:Atom) MERGE (a)-[:HOSTILE]->(b:Hostile) ON CREATE SET b.x = 1 RETURN b
CREATE INDEX hostile FOR (n:Hostile) ON (n.a)
CREATE CONSTRAINT hostile FOR (n:Hostile) REQUIRE n.a IS UNIQUE
CREATE FULLTEXT INDEX hostile FOR (n:Hostile) ON EACH [n.a]
CREATE VECTOR INDEX hostile FOR (n:Hostile) ON (n.a)
DROP INDEX atom_plan_id
DROP INDEX atom_text IF EXISTS
DROP CONSTRAINT atom_atom_id
DROP CONSTRAINT plan_plan_id IF EXISTS
CREATE USER hostile SET PASSWORD 'password1'
CREATE OR REPLACE USER neo4j SET PASSWORD 'password1'
ALTER USER neo4j SET PASSWORD 'password1' CHANGE NOT REQUIRED
ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'password1'
RENAME USER neo4j TO hostile
DROP USER neo4j
CREATE DATABASE hostile
DROP DATABASE neo4j
STOP DATABASE neo4j
ALTER DATABASE neo4j SET ACCESS READ ONLY
CREATE ALIAS hostile FOR DATABASE neo4j
CREATE ROLE hostile
GRANT ROLE admin TO neo4j
ENABLE SERVER 'a'
DEALLOCATE DATABASES FROM SERVER 'a'
CYPHER runtime=slotted CREATE (n:Hostile)
CYPHER 5 CREATE (n:Hostile)
CYPHER planner=cost MATCH (n) SET n.hostile = 1
PROFILE CREATE (n:Hostile)
EXPLAIN CREATE (n:Hostile)
EXPLAIN PROFILE CREATE (n:Hostile)
USE neo4j CREATE (n:Hostile)
USE system CREATE USER hostile SET PASSWORD 'password1'
USE graph.byName('neo4j') CREATE (n:Hostile)
MATCH (n) RETURN n; CREATE (m:Hostile)
; CREATE (m:Hostile)
RETURN 1;CREATE (m:Hostile);
MATCH (n) WITH n LIMIT 1 SET n.hostile = $p RETURN 1
CREATE (n:Hostile $map)
MATCH (n {name: $p}) DETACH DELETE n
CALL db.createLabel('Hostile')
CALL db.createProperty('hostile')
CALL db.createRelationshipType('HOSTILE')
CALL db.create.setNodeVectorProperty(null, 'a', [1.0])
INSERT (:Hostile)
MATCH (n:Atom) RETURN COLLECT { CREATE (m:Hostile) RETURN m }
MATCH (n:Atom) WHERE EXISTS { MERGE (m:Hostile) RETURN m } RETURN n
MATCH (n) CALL (n) { REMOVE n.name } RETURN n
MATCH (a:Atom)-[d]->() WITH d LIMIT 1 DELETE d RETURN 1
CREATE RANGE INDEX hostile FOR (n:Hostile) ON (n.a)
CREATE TEXT INDEX hostile FOR (n:Hostile) ON (n.a)
CREATE LOOKUP INDEX hostile FOR (n) ON EACH labels(n)
CALL db.index.fulltext.createNodeIndex('hostile', ['Hostile'], ['a'])
MATCH (n) SET n.hostile = COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r }
""".splitlines()

ELSEWHERE = """\
LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row
LOAD CSV FROM 'file:///../../etc/passwd' AS row RETURN row
LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row
LOAD CSV FROM 'https://localhost/' AS row RETURN row
LOAD CSV WITH HEADERS FROM 'ftp://127.0.0.1/a' AS row RETURN row
LO\\u0041D CSV FROM 'http://127.0.0.1:1/' AS row RETURN row
LOAD/**/CSV FROM 'http://127.0.0.1:1/' AS row RETURN row
load\tcsv from 'http://127.0.0.1:1/' as row return row
UNWIND ['http://127.0.0.1:1/'] AS u LOAD CSV FROM u AS row RETURN row
LOAD CSV FROM $p AS row RETURN row
CALL () { LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row } RETURN row
RETURN COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row }
RETURN CASE WHEN true THEN COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } END
RETURN EXISTS { LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row }
RETURN COUNT { LOAD CSV FROM 'http://127.0.0.1:1/' AS row RETURN row }
RETURN [x IN COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } | x]
RETURN reduce(a = 0, x IN COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } | a + 1)
MATCH (n) WHERE EXISTS { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } RETURN n
MATCH (n) RETURN n ORDER BY COUNT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r }
MATCH (n) RETURN n {.*, x: COLLECT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r }}
MATCH (n WHERE COUNT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } > 0) RETURN n
RETURN 1 SKIP COUNT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r }
RETURN 1 AS x UNION ALL LOAD CSV FROM 'http://127.0.0.1:1/' AS x RETURN x
RETURN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ '(a+)+b'
RETURN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ $runaway
RETURN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ ('(a+)+' + 'b')
WITH '(a+)+b' AS r RETURN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ r
MATCH (n) WHERE n.name =~ n.code RETURN n
MATCH (n) WHERE n.name =~ $p + n.code RETURN n
MATCH (n WHERE n.name =~ $map.a) RETURN n
RETURN [x IN ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'] WHERE x =~ '(a+)+b']
RETURN CASE WHEN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ '(a+)+b' THEN 1 END
RETURN all(x IN range(1, 100000000000) WHERE x > 0)
RETURN none(x IN range(1, 100000000000) WHERE x < 0)
RETURN reduce(a = 0, x IN range(1, 100000000000) | a + x)
SHOW USERS
SHOW CURRENT USER
SHOW DATABASES
SHOW SETTINGS
SHOW TRANSACTIONS
SHOW PROCEDURES
SHOW FUNCTIONS
SHOW SERVERS
SHOW PRIVILEGES
SHOW TRANSACTIONS YIELD transactionId AS id TERMINATE TRANSACTIONS id YIELD message RETURN message
TERMINATE TRANSACTIONS 'neo4j-transaction-1'
TERMINATE TRANSACTION $p
CALL dbms.listConfig()
CALL dbms.listConfig() YIELD name, value RETURN name, value
CALL `dbms`.`listConfig`()
CALL dbms.killConnection('bolt-1')
CALL dbms.killConnections(['bolt-1'])
CALL dbms.listConnections()
CALL dbms.queryJmx('*:*')
CALL dbms.components()
CALL dbms.info()
CALL dbms.showCurrentUser()
CALL dbms.security.listUsers()
CALL db.clearQueryCaches()
CALL db.prepareForReplanning()
CALL db.stats.collect('QUERIES')
CALL db.stats.retrieveAllAnonymized('x')
CALL db.resampleOutdatedIndexes()
CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()
CALL db.awaitIndexes(300)
CALL db.ping()
CALL tx.setMetaData({mge_statement: 'x'})
CALL apoc.load.json('http://127.0.0.1:1/')
RETURN COLLECT { CALL dbms.listConfig() YIELD name RETURN name }
RETURN CASE WHEN true THEN COLLECT { CALL dbms.listConfig() YIELD name RETURN name } END
RETURN EXISTS { CALL db.clearQueryCaches() YIELD value RETURN value }
MATCH (n) WHERE COUNT { CALL dbms.listConnections() YIELD connectionId RETURN connectionId } > 0 RETURN n
CALL () { CALL dbms.listConfig() YIELD name RETURN name } RETURN name
USE system SHOW USERS
USE system MATCH (n) SET n.x = 1 RETURN n
WITH 1 AS x LOAD CSV FROM 'file:' + '///etc/passwd' AS row RETURN row
LOAD CSV FROM 'jar:file:///etc/a.zip!/b' AS row RETURN row
MATCH (n) RETURN [(n)-->(m) WHERE COUNT { LOAD CSV FROM 'http://127.0.0.1:1/' AS r RETURN r } > 0 | m]
SHOW INDEXES
SHOW CONSTRAINTS YIELD name RETURN name
""".splitlines()

GREEDY = """\
UNWIND range(1, 1000000000) AS x UNWIND range(1, 1000000000) AS y RETURN max(x + y)
UNWIND range(1, 1000000000000) AS x RETURN count(x)
RETURN range(1, 1000000000000)
RETURN range(1, 50000000)
RETURN reduce(s = 'x', i IN range(1, 40) | s + s)
WITH range(1, 3000) AS r UNWIND r AS a UNWIND r AS b UNWIND r AS c UNWIND r AS d RETURN sum(a * b * c * d)
UNWIND range(1, 100000000) AS x RETURN collect(x)
UNWIND range(1, 100000000) AS x RETURN x ORDER BY rand()
UNWIND range(1, 100000000) AS x RETURN DISTINCT toString(x) AS s, count(*) ORDER BY s
RETURN [x IN range(1, 100000) | [y IN range(1, 100000) | x * y]]
MATCH p = (:Atom)-[*1..60]-(:Atom) RETURN count(p)
MATCH (a:Atom), (b:Atom), (c:Atom), (d:Atom), (e:Atom), (f:Atom) RETURN count(*)
RETURN COUNT { UNWIND range(1, 100000000000) AS x RETURN x }
""".splitlines()

WRONG = [
    "",
    " ",
    "RETURN",
    "MATCH (n RETURN n",
    "RETURN $missing",
    "RETURN 1 / 0",
    "RETURN " + "(" * 3_000 + "1" + ")" * 3_000,
    "RETURN " + "[" * 2_000 + "]" * 2_000,
    "RETURN " + "1 + " * 9_000 + "1",
    "RETURN '" + "x" * 60_000 + "'",
    "\u202eRETURN 1",
    "RETURN toInteger({})",
]


async def whole(
    graph: Graph, text: str, bounds: Bounds = BOUNDS, parameters: Mapping[str, Value] | None = None
) -> Answer:
    return await gathered(run_statement(graph, text, HOSTILE if parameters is None else parameters, bounds))


@pytest.fixture(scope="module")
async def plan_id(graph: Graph) -> AsyncIterator[str]:
    plan = new_plan()
    await published(graph, plan, 60, [(a, a + 1, "DATA_DEP") for a in range(59)])
    yield plan.plan_id
    await delete_plan(graph, plan.plan_id, plan.tenant_id)


async def state(graph: Graph, plan_id: str) -> tuple[object, ...]:
    """All that a hostile statement could have changed."""
    counts = await ask(
        graph, "MATCH (n) WHERE NOT n:PlanCommit RETURN count(n) AS nodes, sum(size(keys(n))) AS keys"
    )
    edges = await ask(graph, "MATCH ()-[r]->() RETURN count(r) AS edges")
    indexes = await ask(graph, "SHOW INDEXES YIELD name, state RETURN name, state ORDER BY name")
    constraints = await ask(graph, "SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name")
    users = await ask(graph, "SHOW USERS YIELD user RETURN user ORDER BY user")
    tables = [
        tuple(tuple(row.values()) for row in rows) for rows in (counts, edges, indexes, constraints, users)
    ]
    return (await digest(graph, plan_id, "default"), *tables)


async def refused(graph: Graph, statement: str) -> str:
    try:
        found = await whole(graph, statement)
    except StoreDown:
        raise
    except MgeError as error:
        return str(error)
    raise AssertionError(f"{statement!r} was let through: {found}")


@pytest.mark.parametrize("group", [WRITES, ELSEWHERE], ids=["writes", "elsewhere"])
async def test_what_does_more_than_read_is_refused(graph: Graph, plan_id: str, group: list[str]) -> None:
    before = await state(graph, plan_id)
    for start in range(0, len(group), 4):
        await asyncio.gather(*(refused(graph, each) for each in group[start : start + 4]))
    assert await state(graph, plan_id) == before


@pytest.mark.parametrize("statement", GREEDY)
async def test_what_takes_too_much_is_ended(graph: Graph, statement: str) -> None:
    began = time.perf_counter()
    small = Bounds(seconds=2, rows=100, bytes=2**20)
    try:
        answer = await whole(graph, statement, small)
        assert len(answer.rows) <= 100
        assert answer.end.rows == len(answer.rows)
    except InputError:
        pass
    assert time.perf_counter() - began < 60, "well below what the statement would take"
    await asyncio.sleep(0.3)
    running = await ask(
        graph,
        "SHOW TRANSACTIONS YIELD metaData, status WHERE metaData.mge_statement IS NOT NULL RETURN status",
    )
    assert all("Terminated" in row["status"] for row in running)


@pytest.mark.parametrize("statement", WRONG, ids=range(len(WRONG)))
async def test_what_is_wrong_is_told(graph: Graph, statement: str) -> None:
    try:
        await whole(graph, statement, parameters={})
    except InputError as error:
        assert str(error)
        assert "Traceback" not in str(error)


async def test_what_reads_is_answered(graph: Graph, plan_id: str) -> None:
    answer = await whole(
        graph,
        "MATCH p = (a:Atom {plan_id: $plan})-[d:DATA_DEP]->(b) RETURN a, d, p, [1.5, null, true] AS list, "
        "{at: date('2026-11-23')} AS map, point({x: 1, y: 2}) AS place, 0.0 / 0.0 AS nothing ORDER BY a.atom_id LIMIT 2",
        parameters={"plan": plan_id},
    )
    assert answer.names == ("a", "d", "p", "list", "map", "place", "nothing")
    first = answer.rows[0]
    assert isinstance(first[0], dict)
    assert (first[0]["_labels"], first[0]["name"]) == (["Atom"], "f0")
    assert isinstance(first[1], dict)
    assert first[1]["_type"] == "DATA_DEP"
    assert isinstance(first[2], list)
    assert len(first[2]) == 3
    assert first[3:5] == [[1.5, None, True], {"at": "2026-11-23"}]
    assert first[6] == "nan"
    assert answer.end == End(2, truncated=False)


async def test_a_harmless_pattern_may_be_a_parameter(graph: Graph, plan_id: str) -> None:
    text = "MATCH (a:Atom {plan_id: $plan}) WHERE a.name =~ $pattern RETURN count(a) AS n"
    answer = await whole(graph, text, parameters={"plan": plan_id, "pattern": "f[0-4]"})
    assert answer.rows == ([5],)


async def test_rows_and_bytes_have_an_end(graph: Graph) -> None:
    answer = await whole(graph, "UNWIND range(1, 100000) AS x RETURN x", Bounds(rows=7))
    assert (len(answer.rows), answer.end) == (7, End(7, truncated=True))
    answer = await whole(
        graph,
        "UNWIND range(1, 1000) AS x RETURN 'a' + x + $pad",
        Bounds(bytes=10_000),
        {"pad": "x" * 1000},
    )
    assert len(answer.rows) < 11
    assert answer.end.truncated


async def test_a_statement_ends_with_its_listener(graph: Graph) -> None:
    async def listen() -> None:
        await whole(graph, "UNWIND range(1, 100000000000) AS x RETURN max(x)", Bounds(seconds=60))

    listening = asyncio.create_task(listen())
    running: list[object] = []
    for _ in range(100):
        await asyncio.sleep(0.1)
        running = [*await transactions(graph)]
        if running:
            break
    assert running, "the statement runs"
    listening.cancel()
    await asyncio.wait([listening])
    for _ in range(50):
        if not await transactions(graph):
            break
        await asyncio.sleep(0.1)
    assert not await transactions(graph)


async def transactions(graph: Graph) -> Sequence[object]:
    return await ask(
        graph,
        "SHOW TRANSACTIONS YIELD metaData, status, currentQuery WHERE metaData.mge_statement IS NOT NULL "
        "RETURN status, currentQuery",
    )
