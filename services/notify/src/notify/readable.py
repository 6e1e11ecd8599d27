"""Who may read what petitions bring along: one condition in SQL for messages, conversations and recipients."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, or_

from notify.tables import petition_scopes, petitions


def open_to(line: Sequence[str]) -> ColumnElement[bool]:
    """Of petitions: not kept from these units by whom it accuses (Art 30), nor by who alone may read it (保密). What is
    not known yet is kept from all. line: the unit first, then all above it.
    """
    among = or_(petitions.c.readers.is_(None), petitions.c.readers.overlap(line))
    return and_(~petitions.c.accused_units.overlap(line), among)


def in_scope(scope: str) -> ColumnElement[bool]:
    """A unit of this region, or below it, has to do with the petition."""
    return exists().where(petition_scopes.c.scope == scope, petition_scopes.c.petition_id == petitions.c.id)
