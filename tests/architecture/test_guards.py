"""Rules of the house that no single service can hold; each with a case that proves it can fail."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import LargeBinary

import contracts.refusals  # noqa: F401 - fills the catalogue
from contracts.events import EVENTS, SERVICES
from kit import audit, migrations
from kit.app import Service, build_app
from kit.auth import allow, policy_of
from kit.errors import CATALOGUE
from node import describe
from node.services import load_all
from tests.support.infra import Infra, new_database

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    file
    for pattern in ("libs/*/src", "contracts/src", "services/*/src", "node/src", "deploy/local/src")
    for folder in ROOT.glob(pattern)
    for file in folder.rglob("*.py")
)
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
# bytes that are no encrypted value: digests, messages that carry no personal data or are sealed letters, and what is
# locked by a value that only its readers know (kit.lockbox)
NOT_ENCRYPTED = {"outbox.body", "idempotency.request_hash", "petitioners.phone_index", "petitioners.id_index",
                 "terminated_matters.sealed", "sessions.id_hash", "failed_sign_ins.username_index",
                 "audit_links.previous", "audit_links.hash", "audit_heads.hash", "seals.image", "seals.certificate",
                 "inbound.digest", "phones.key"}  # fmt: skip
# blind indexes of telephone numbers, by which notify names them
NOT_ENCRYPTED |= {
    f"{table}.phone_key"
    for table in ("callbacks", "conversations", "dialogues", "early_receipts", "inbound", "inbound_parts", "messages",
                  "number_questions", "petitions", "recipients")
}  # fmt: skip


def without_policy(app: FastAPI) -> list[str]:
    return [route.path for route in describe.api_routes(app) if policy_of(route.dependant.dependencies) is None]


def posts_without_key(app: FastAPI, *, under: str = "/api/") -> list[str]:
    return [
        route.path
        for route in describe.api_routes(app)
        if "POST" in (route.methods or set()) and route.path.startswith(under) and not describe.is_idempotent(route)
    ]


@pytest.mark.parametrize("service", load_all(), ids=lambda service: service.name)
def test_every_route_has_a_policy_and_every_post_a_key(service: Service) -> None:
    app = build_app(service)
    assert len(list(describe.api_routes(app))) == len(app.routes) - 1  # all but the OpenAPI document's own
    assert without_policy(app) == []
    assert posts_without_key(app) == []


def test_a_route_without_policy_or_key_is_noticed() -> None:
    router = APIRouter()
    router.add_api_route("/api/x/open", lambda: None, methods=["POST"])
    router.add_api_route("/api/x/kept", lambda: None, methods=["GET"], dependencies=[allow("clerk")])
    app = FastAPI(openapi_url=None)
    app.router.routes.extend(router.routes)
    assert without_policy(app) == ["/api/x/open"]
    assert posts_without_key(app) == ["/api/x/open"]


def test_generated_documents_are_up_to_date() -> None:
    assert describe.drift() == []


def slugs_raised(tree: ast.AST) -> Iterator[str]:
    """Slugs in `Refused("…")` and `problem("…")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Refused", "problem"}:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def test_every_slug_that_is_raised_is_in_the_catalogue() -> None:
    load_all()
    raised = {slug for file in SOURCES for slug in slugs_raised(ast.parse(file.read_text(encoding="utf-8")))}
    assert raised - set(CATALOGUE) == set()
    assert len(raised) > 10


def test_a_slug_outside_the_catalogue_is_found() -> None:
    assert list(slugs_raised(ast.parse('raise Refused("no-such-slug")'))) == ["no-such-slug"]


def commits(tree: ast.AST) -> list[int]:
    """Lines on which somebody commits or rolls back by hand."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    ]


def test_nobody_writes_commit_but_the_block_that_opens_a_transaction() -> None:
    found = {file.relative_to(ROOT): lines for file in SOURCES if (lines := commits(ast.parse(file.read_text())))}
    assert {str(file) for file in found} <= {"libs/kit/src/kit/db.py", "libs/kit/src/kit/connections.py"}
    assert commits(ast.parse("session.commit()")) == [1]


def too_long(text: str) -> list[str]:
    """Functions over the bound, and the file itself."""
    found = ["file"] if text.count("\n") > LONGEST_FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                found.append(node.name)
    return found


def test_files_and_functions_stay_short() -> None:
    found = {str(file.relative_to(ROOT)): long for file in SOURCES if (long := too_long(file.read_text()))}
    assert found == {}


def test_a_long_file_and_a_long_function_are_noticed() -> None:
    assert too_long("x = 1\n" * 301) == ["file"]
    assert too_long("def f():\n" + "    x = 1\n" * 40) == ["f"]


PETITION_WORDS = re.compile(r"(?<![a-z])(?:petition|clerk|township)|信访", re.IGNORECASE)


def test_the_kit_knows_no_petition_word() -> None:
    kit = [file for file in SOURCES if "libs/kit" in str(file) and file.name != "__init__.py"]
    found = {
        file.name: hit for file in kit for hit in PETITION_WORDS.findall(file.read_text()) if file.name != "__init__.py"
    }
    assert found == {}
    assert PETITION_WORDS.search("def register_petition")


def test_events_belong_to_a_service_and_follow_the_naming() -> None:
    assert all(re.fullmatch(rf"({'|'.join(SERVICES)})\.[a-z]+\.[a-z-]+\.v\d+", kind) for kind in EVENTS)


def test_queue_names_are_unique_and_begin_with_their_service() -> None:
    queues = [(service.name, consumer.queue) for service in load_all() for consumer in service.consumers]
    assert len({queue for _, queue in queues}) == len(queues)
    assert all(queue.startswith(f"{name}.") for name, queue in queues)


@pytest.mark.parametrize("service", load_all(), ids=lambda service: service.name)
async def test_migrations_go_up_from_empty_match_the_tables_and_go_down_one(
    service: Service, infra: Infra, worker: str
) -> None:
    dsn = await new_database(infra, f"migrations_{worker}_{service.name}")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    await migrations.check(dsn, service.migrations, service.metadata)
    await migrations.downgrade(dsn, service.migrations, service.metadata, "-1")
    await migrations.upgrade(dsn, service.migrations, service.metadata)


async def unguarded(dsn: str) -> set[str]:
    """Tables of the audit without a trigger that is always on."""
    connection = await asyncpg.connect(dsn)
    try:
        query = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_stays' AND tgenabled = 'A'"
        return {*audit.TABLES} - {row[0] for row in await connection.fetch(query)}
    finally:
        await connection.close()


@pytest.mark.parametrize("service", load_all(), ids=lambda service: service.name)
async def test_nobody_changes_the_audit_of_a_service(service: Service, infra: Infra, worker: str) -> None:
    dsn = await new_database(infra, f"audit_{worker}_{service.name}")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    assert await unguarded(dsn) == set()


async def test_an_audit_without_its_triggers_is_noticed(infra: Infra, worker: str) -> None:
    dsn = await new_database(infra, f"audit_{worker}_none")
    assert await unguarded(dsn) == {*audit.TABLES}


def bytes_no_rotation_reaches(service: Service) -> set[str]:
    stored = {
        f"{table.name}.{column.name}"
        for table in service.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    return stored - {f"{sealed.table.name}.{name}" for sealed in service.encrypted for name in sealed.columns}


@pytest.mark.parametrize("service", load_all(), ids=lambda service: service.name)
def test_every_encrypted_column_is_declared_so_that_keys_can_be_rotated(service: Service) -> None:
    assert bytes_no_rotation_reaches(service) <= NOT_ENCRYPTED


def test_an_encrypted_column_that_is_not_declared_is_noticed() -> None:
    intake = next(service for service in load_all() if service.name == "intake")
    assert "petitioners.name" in bytes_no_rotation_reaches(replace(intake, sealed=())) - NOT_ENCRYPTED
