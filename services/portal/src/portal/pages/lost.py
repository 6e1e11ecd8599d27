"""Addresses that lead nowhere: people get a page, programs the problem."""

from fastapi import APIRouter, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from kit.auth import public
from kit.errors import Refused
from portal.routes import PageRoute


class PagePath(Convertor[str]):
    """What a person may have typed: not what interfaces, health and metrics answer to."""

    regex = r"(?!api/|\.well-known/|healthz$|readyz$|metrics$).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("page", PagePath())
router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[public()])


@router.get("/{_:page}")
async def lost(_: Request) -> Response:
    raise Refused("not-found")
