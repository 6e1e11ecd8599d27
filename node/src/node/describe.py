"""`python -m node.describe generate | check`: OpenAPI documents and the list of routes, made from the code."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute

from kit.app import Service, build_app
from kit.auth import policy_of
from kit.idempotency import idempotent, keyed
from node.services import load_all

ROOT = Path(__file__).parents[3] / "docs"


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of an application, hidden ones too."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route


def is_idempotent(route: APIRoute) -> bool:
    """Whether the route asks for an Idempotency-Key."""
    return any(dependency.call in {idempotent, keyed} for dependency in route.dependant.dependencies)


def openapi_text(service: Service) -> str:
    return json.dumps(build_app(service).openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def routes_text(services: list[Service]) -> str:
    """All routes with their policy, as a Markdown table."""
    lines = ["# Routes and who may call them", "", "Made by `python -m node.describe generate`.", ""]
    lines += ["| service | method | route | policy |", "|---|---|---|---|"]
    for service in services:
        for route in sorted(
            api_routes(build_app(service)), key=lambda route: (route.path, sorted(route.methods or ()))
        ):
            policy = policy_of(route.dependant.dependencies)
            lines.append(f"| {service.name} | {', '.join(sorted(route.methods or ()))} | `{route.path}` | {policy} |")
    return "\n".join(lines) + "\n"


def consumers_text(services: list[Service]) -> str:
    """Who hears what, as a Markdown table."""
    lines = ["# Queues and what they hear", "", "Made by `python -m node.describe generate`.", ""]
    lines += ["| queue | hears |", "|---|---|"]
    for service in services:
        for consumer in service.consumers:
            heard = sorted(consumer.handlers) if consumer.letters or consumer.bulk else consumer.bindings
            lines.append(f"| {consumer.queue} | {', '.join(f'`{kind}`' for kind in heard)} |")
    return "\n".join(lines) + "\n"


def documents() -> dict[Path, str]:
    """Every generated document: file -> text."""
    services = load_all()
    made = {ROOT / "openapi" / f"{service.name}.json": openapi_text(service) for service in services}
    return {**made, ROOT / "routes.md": routes_text(services), ROOT / "queues.md": consumers_text(services)}


def drift() -> list[str]:
    """Generated documents that are missing or older than the code."""
    return [
        file.name for file, text in documents().items() if not file.exists() or file.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command == "generate":
        for file, text in documents().items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    elif command != "check":
        sys.stderr.write("usage: python -m node.describe generate | check\n")
        return 2
    stale = drift()
    sys.stderr.writelines(f"{name}: run python -m node.describe generate\n" for name in stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
