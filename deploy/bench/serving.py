"""The bare endpoint in one process, with the HTTP server the nodes have: `python -m deploy.bench.serving DSN PORT`."""

import sys

import uvicorn
import uvloop
from deploy.bench.bare import bare_app


async def serve(dsn: str, port: int) -> None:
    """Until SIGTERM; every option as `xinqiao run` has it."""
    config = uvicorn.Config(
        bare_app(dsn), port=port, loop="none", http="httptools", access_log=False, log_config=None,
        server_header=False, date_header=False, backlog=2048, timeout_keep_alive=30,
    )  # fmt: skip
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
