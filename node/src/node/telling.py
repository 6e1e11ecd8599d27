"""How commands tell what did not work: a line in both languages and an exit code, never a trail of our own code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def told(command: str, away: str) -> Iterator[None]:
    """A refusal with exit code 1; what is away, with exit code 2. away: what that may be."""
    from asyncpg import InterfaceError, PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    from kit.errors import CATALOGUE, Refused

    try:
        yield
    except Refused as refused:
        said = CATALOGUE[refused.slug]
        facts = ", ".join(f"{name}={value}" for name, value in refused.facts.items())
        typer.echo(f"{command}: {said.zh} {said.en} ({facts})\n  {said.next_zh}\n  {said.next_en}", err=True)
        raise typer.Exit(1) from None
    except (PostgresError, InterfaceError, SQLAlchemyError, OSError) as error:
        typer.echo(f"{command}: {type(error).__name__}: {away}", err=True)
        raise typer.Exit(2) from None
