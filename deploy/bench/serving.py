"""One HTTP server in one process: `python -m deploy.bench.serving bare DSN PORT`, or `intake NODE_FILE PORT`."""

import sys
from pathlib import Path

import uvicorn
import uvloop
from deploy.bench.bare import bare_app
from fastapi import FastAPI

from intake.main import service
from kit import telemetry
from kit.app import build_app, with_resources
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings


async def serve(app: FastAPI, port: int) -> None:
    config = uvicorn.Config(app, port=port, http="httptools", access_log=False, log_level="warning")
    await uvicorn.Server(config).serve()


async def serve_intake(node_file: Path, port: int) -> None:
    settings = NodeSettings.load(node_file)
    telemetry.configure(settings.telemetry, None, node=settings.node.path, process="intake-api")
    runtime = Runtime.build(service.name, settings, Bus(settings.broker.url.get_secret_value(), name="intake-api"))
    async with with_resources(service, runtime):
        await serve(build_app(service, runtime), port)


if __name__ == "__main__":
    what, where, at = sys.argv[1:]
    uvloop.run(serve(bare_app(where), int(at)) if what == "bare" else serve_intake(Path(where), int(at)))
