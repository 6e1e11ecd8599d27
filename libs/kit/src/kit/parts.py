"""Several effects of one POST, each in a transaction of its own with its own remembered answer.

What one part has done stays, whatever becomes of the others. Sent again with the same key, a part that was done answers
as it did, one that was refused is tried again.
"""

from collections.abc import Awaitable, Callable

from fastapi import Request

from kit.db import Session
from kit.errors import Refused
from kit.idempotency import ANSWER, RECALL, caller_of, hash_of
from kit.runtime import Runtime


async def part(request: Request, name: str, asked: str, work: Callable[[Session], Awaitable[str]]) -> str:
    """What `work` answers, as text. name: tells the parts of this request apart; asked: all that the part is about.

    The route has `Keyed`, and no transaction of its own that would wait for this one. Raises what `work` raises, and
    Refused("idempotency-key-reused").
    """
    runtime: Runtime = request.app.state.runtime
    key = f"{await caller_of(request)}:{request.headers['idempotency-key']}:{name}"
    request_hash = hash_of(request, asked.encode())
    try:
        async with runtime.database.transaction(late=True) as session:
            answer = await work(session)
            session.write(ANSWER, key, request_hash, 200, runtime.keyring.encrypt(answer, key))
    except Exception:
        # whatever it met may be what the same part has done before
        async with runtime.database.apart(late=True) as session:
            row = await session.look(RECALL, key)
        if row is None:
            raise
        if row["request_hash"] != request_hash:
            raise Refused("idempotency-key-reused") from None
        answer = runtime.keyring.decrypt(row["body"], key)
    return answer
