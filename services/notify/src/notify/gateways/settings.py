"""What an operator sets for each gateway, in [[services.notify.gateways]] of the node file."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Common(BaseModel):
    """Of every kind. weight: its share among those that are up; rate: messages a second of all processes together,
    null: no bound; cost: of one part, in yuan; sender: the number that petitioners see and answer to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    weight: int = Field(default=10, ge=0, le=1000)
    rate: float | None = Field(default=None, gt=0)
    cost: Decimal = Field(default=Decimal(0), ge=0)
    sender: str = Field(default="", pattern=r"^[0-9]{0,21}$")


class Console(Common):
    kind: Literal["console"] = "console"
    file: Path = Field(default=Path("notify-console.log"), description="where it writes")


class Line(Common):
    """A line that is held open. secret_file: holds the password, nothing else; window: messages under way without an
    answer; seconds: until an answer must be there; pause: the longest between two tries to open it.
    """

    host: str
    port: int = Field(ge=1, le=65_535)
    account: str = Field(min_length=1, max_length=32)
    secret_file: Path
    window: int = Field(default=10, ge=1, le=1000)
    seconds: float = Field(default=60, gt=0)
    pause: float = Field(default=60, ge=1)


class Smpp(Line):
    """prefix: the country's code, before mobile numbers, where the gateway wants it; receipt_ids: as what receipts in
    text write the number that answers wrote the other way: the same, or decimal where answers are hexadecimal, or hex.
    """

    kind: Literal["smpp"]
    account: str = Field(min_length=1, max_length=15, pattern=r"^[!-~]+$", description="system_id")
    sender: str = Field(default="", pattern=r"^[0-9]{0,20}$")
    idle: float = Field(default=30, gt=0, description="seconds until enquire_link")
    long: Literal["header", "payload"] = Field(default="header", description="as which long messages go")
    system_type: str = Field(default="", max_length=12, pattern=r"^[ -~]*$")
    prefix: str = Field(default="", pattern=r"^[0-9]{0,4}$")
    receipt_ids: Literal["same", "decimal", "hex"] = "same"


class Cmpp(Line):
    kind: Literal["cmpp"]
    account: str = Field(min_length=1, max_length=6, pattern=r"^[!-~]+$", description="source address (企业代码)")
    version: Literal["2.0", "3.0"] = "2.0"
    service: str = Field(
        default="", max_length=10, pattern=r"^[ -~]*$", description="service id (业务代码) that the carrier gave"
    )
    idle: float = Field(default=180, gt=0, description="seconds until the active test")
    letters: Literal["ucs2", "gbk"] = Field(default="ucs2", description="as what other than ASCII text leaves")


class Http(Common):
    """A vendor's interface over HTTP: requests and callbacks signed with the secret."""

    kind: Literal["http"]
    url: str = Field(pattern=r"^https?://[^\s?#]+$", description="where messages are posted to")
    account: str = Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")
    secret_file: Path
    window: int = Field(default=10, ge=1, le=1000)
    seconds: float = Field(default=30, gt=0)


GatewaySettings = Annotated[Console | Smpp | Cmpp | Http, Field(discriminator="kind")]
