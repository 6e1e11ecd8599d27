"""Fills a database of documents with cases: papers, files and their objects, what is still coming, and who may read."""

import time

import asyncpg
from deploy.bench.ground import NODE, Ground

CHUNK = 100_000  # cases at once
TIMEOUT = 1200
# ids in order of time, all before those of today; every fiftieth case is of the node that is looked at
CASE = "(lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
DOCUMENT = "(lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n * 256 + place), 12, '0'))::uuid"
REGION = f"CASE WHEN n % 50 = 0 THEN '{NODE}' ELSE '33.' || lpad((n % 50 + 10)::text, 2, '0') || '.25.100' END"
CASES = "generate_series($1::bigint, $2) AS n"
THEIRS = f"{CASES}, generate_series($3::int, $4) AS place"
PETITIONS = f"INSERT INTO petitions (id, version) SELECT {CASE}, 2 * $3::int FROM {CASES}"  # noqa: S608 - constants of this file
SCOPES = f"""
INSERT INTO petition_scopes (scope, petition_id)
SELECT array_to_string((string_to_array({REGION}, '.'))[:depth], '.'), {CASE}
FROM {CASES}, generate_series(1, 4) AS depth
"""  # noqa: S608 - constants of this file
PAPERS = f"""
INSERT INTO papers (id, petition_id, version, kind, content, sha256, unit, written_by, written_at)
SELECT {DOCUMENT}, {CASE}, place, 'opinion',
  decode((SELECT string_agg(md5(n::text || place || part), '') FROM generate_series(1, $5::int) AS part), 'hex'),
  md5(n::text), 'unit', 'bench', now() FROM {THEIRS}
"""  # noqa: S608 - constants of this file
OBJECTS = f"""
INSERT INTO objects (name, sha256, bytes, kept_at, scan, scan_after, verify_after)
SELECT {DOCUMENT}::text, md5(n::text), 1000, now(), 'clean', now(), now() + interval '1 day' FROM {THEIRS}
"""  # noqa: S608 - constants of this file
FILES = f"""
INSERT INTO files (id, petition_id, version, media_type, bytes, sha256, object, unit, stored_by, stored_at)
SELECT {DOCUMENT}, {CASE}, place, 'application/pdf', 1000, md5(n::text), {DOCUMENT}::text, 'unit', 'bench', now()
FROM {THEIRS}
"""  # noqa: S608 - constants of this file
AWAITED = f"""
INSERT INTO awaited (id, petition_id, version, kind, what, bytes, sha256, unit, stored_by, stored_at, told_at)
SELECT {DOCUMENT}, {CASE}, place, 'file', 'application/pdf', 1000, md5(n::text), 'unit', 'bench', now(), now()
FROM {THEIRS} WHERE n % 20 = 10
"""  # noqa: S608 - constants of this file

PARTS = f"""
INSERT INTO awaited_parts (item_id, start, bytes, content)
SELECT {DOCUMENT}, 0, 500, decode(repeat(md5(n::text), 31), 'hex') FROM {THEIRS} WHERE n % 20 = 10
"""  # noqa: S608 - constants of this file

SUPPORTS = f"""
INSERT INTO supports (request_id, petition_id, sequence, from_node, to_node, to_unit, accused_units, open)
SELECT {DOCUMENT}, {CASE}, 1, '33', '33', 'unit', '{{}}', true FROM {THEIRS} WHERE n % 20 = 10
"""  # noqa: S608 - constants of this file


async def fill(ground: Ground, first: int, last: int, *, each: int, content: int) -> float:
    """Cases number `first` to `last`, each with so many papers and as many files; content: bytes of a paper.

    Returns the seconds it took.
    """
    started = time.perf_counter()
    # what a row refers to is there: nobody looks
    quick = {"synchronous_commit": "off", "session_replication_role": "replica"}
    superuser = ground.postgres.url("documents", "postgres")
    connection = await asyncpg.connect(superuser, command_timeout=TIMEOUT, server_settings=quick)
    try:
        for start in range(first, last + 1, CHUNK):
            cases = start, min(start + CHUNK - 1, last)
            await connection.execute(PETITIONS, *cases, each)
            await connection.execute(SCOPES, *cases)
            await connection.execute(PAPERS, *cases, 1, each, content // 16)
            await connection.execute(OBJECTS, *cases, each + 1, 2 * each)
            await connection.execute(FILES, *cases, each + 1, 2 * each)
            for statement in (AWAITED, PARTS, SUPPORTS):
                await connection.execute(statement, *cases, 2 * each + 1, 2 * each + 1)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return time.perf_counter() - started
