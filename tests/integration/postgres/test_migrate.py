from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from app.errors import InputError, MigrationError
from app.postgres.connect import Pool, connect, transaction
from app.postgres.migrate import Migration, down_to, list_migrations, status, up
from app.postgres.rows import listen

OBJECTS = b"""
SELECT relkind::text AS kind, relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION SELECT 'function', proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT 'type', typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace
UNION SELECT 'constraint', conrelid::regclass || '.' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
UNION SELECT 'trigger', tgrelid::regclass || '.' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = 'public'
"""


def migration(version: int, forward: str, back: str = "SELECT 1") -> Migration:
    return Migration(version, "test", f"V{version}__test.sql", forward, forward.encode(), back.encode())


async def objects(pool: Pool) -> set[tuple[str, str]]:
    async with transaction(pool) as connection:
        rows = await (await connection.execute(OBJECTS)).fetchall()
    return {
        (row["kind"], row["name"]) for row in rows if not row["name"].lstrip("_").startswith("schema_migr")
    }


async def test_the_way_back_leaves_nothing_and_the_way_forward_is_the_same_again(empty: Pool) -> None:
    migrations = list_migrations()
    assert await objects(empty) == set()
    assert [done.source for done in await up(empty, migrations)] == [m.source for m in migrations]
    made = await objects(empty)
    assert {("r", "jobs"), ("r", "procrastinate_jobs")} <= made
    assert await up(empty, migrations) == ()
    assert [done.version for done in await down_to(empty, migrations, 0)] == [
        one.version for one in reversed(migrations)
    ]
    assert await objects(empty) == set()
    await up(empty, migrations)
    assert await objects(empty) == made


async def test_each_version_goes_back_to_the_one_before(empty: Pool) -> None:
    migrations = list_migrations()
    states = [await objects(empty)]
    for version in range(1, len(migrations) + 1):
        await up(empty, migrations[:version])
        states.append(await objects(empty))
        assert states[version] != states[version - 1]
    for version in range(len(migrations) - 1, -1, -1):
        await down_to(empty, migrations, version)
        assert await objects(empty) == states[version]
        assert [one.state for one in await status(empty, migrations)] == [
            "applied" if one.version <= version else "pending" for one in migrations
        ]


async def test_a_listener_whose_reader_fails_lets_go_of_its_connection(empty: Pool) -> None:
    async with asyncio.timeout(10):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with listen(empty, b"LISTEN something") as payloads:
                    async for _ in payloads:
                        raise ZeroDivisionError
        async with listen(empty, b"LISTEN something") as payloads, transaction(empty) as connection:
            await connection.execute("SELECT pg_notify('something', 'told')")
            await connection.commit()
            assert await anext(payloads) == "told"


async def test_many_migrators_at_once_do_it_once(database_url: str) -> None:
    async def migrate() -> int:
        async with connect(database_url) as pool:
            return len(await up(pool, list_migrations()))

    done = await asyncio.gather(*(migrate() for _ in range(5)))
    assert sum(done) == len(list_migrations())


async def test_a_migration_that_fails_leaves_nothing(empty: Pool) -> None:
    first = migration(1, "CREATE TABLE first (id int)")
    broken = migration(2, "CREATE TABLE second (id int); SELECT nonsense;")
    with pytest.raises(MigrationError, match="nonsense"):
        await up(empty, [first, broken])
    assert [one.state for one in await status(empty, [first, broken])] == ["applied", "pending"]
    assert ("r", "second") not in await objects(empty)


async def test_what_is_not_as_it_was_is_refused(empty: Pool) -> None:
    first, second = migration(1, "SELECT 1"), migration(2, "SELECT 2")
    await up(empty, [first, second])
    for wrong, told in (
        ([replace(first, checksum="edited"), second], "was edited"),
        ([first], "does not know"),
        ([second], "where V2__test.sql comes next"),
    ):
        for asked in (status, up):
            with pytest.raises(MigrationError, match=told):
                await asked(empty, wrong)
        with pytest.raises(MigrationError, match=told):
            await down_to(empty, wrong, 0)
    with pytest.raises(InputError):
        await down_to(empty, [first, second], 7)
