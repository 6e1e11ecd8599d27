"""One TOML file describes a node; environment variables (XQ_SECTION__NAME) override it."""

from pathlib import Path
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

NODE_PATH = r"^\d{2}(\.\d{2}){0,2}(\.\d{3}){0,2}$"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSection(Section):
    path: str = Field(pattern=NODE_PATH)
    name: str
    office_unit: str
    number_lane: int = Field(default=0, ge=0, le=31)
    listen: str = "127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8080"
    units_file: Path = Path("units.csv")
    keys_dir: Path = Path("keys")
    store: Path = Path("store")
    clock_file: Path | None = Field(
        default=None, description="for demonstrations only: by how many seconds `xinqiao clock` has moved the time here"
    )


class DatabaseSection(Section):
    url: SecretStr
    pool_size: int = Field(default=8, ge=1, le=200)

    def dsn(self, service: str) -> str:
        """The asyncpg DSN of one service's own database."""
        return self.url.get_secret_value().replace("{service}", service)


class BrokerSection(Section):
    url: SecretStr
    management_url: SecretStr
    prefetch: int = Field(default=500, ge=1, le=5000)
    stream_bytes: int = Field(default=5_000_000_000, ge=100_000_000, description="how much of events.stream is kept")


class ParentSection(Section):
    path: str = Field(pattern=NODE_PATH)
    broker_url: SecretStr


class ChildSection(Section):
    path: str = Field(pattern=NODE_PATH)
    link_password: SecretStr


class DirectoryEntry(Section):
    path: str = Field(pattern=NODE_PATH)
    name: str
    jwks: Path


class S3Section(Section):
    endpoint: str
    access_key: SecretStr
    secret_key: SecretStr
    bucket: str = "xinqiao"
    secure: bool = False


class AuthSection(Section):
    """Who signs tokens: the portal of this node (issuer.public.jwks) or an external OIDC issuer."""

    issuer: str = "xinqiao"
    audience: str = "xinqiao"
    jwks_url: str | None = Field(default=None, pattern=r"^https?://")
    token_minutes: int = Field(default=60, ge=1, le=1440)


class TelemetrySection(Section):
    traces_file: Path | None = None
    otlp_endpoint: str | None = None
    log_level: str = "INFO"


class NodeSettings(BaseSettings):
    """Everything one node is told. `services` holds each service's own table, checked by that service."""

    model_config = SettingsConfigDict(env_prefix="XQ_", env_nested_delimiter="__", extra="forbid", frozen=True)

    node: NodeSection
    database: DatabaseSection
    broker: BrokerSection
    parent: ParentSection | None = None
    children: list[ChildSection] = []
    directory: list[DirectoryEntry] = []
    s3: S3Section | None = None
    auth: AuthSection = AuthSection()
    telemetry: TelemetrySection = TelemetrySection()
    services: dict[str, dict[str, Any]] = {}
    home: Path = Path()

    @field_validator("parent")
    @classmethod
    def _parent_is_above(cls, parent: ParentSection | None, info: Any) -> ParentSection | None:
        node = info.data.get("node")
        if parent and node and not node.path.startswith(parent.path + "."):
            raise ValueError(f"parent {parent.path} does not lie above {node.path}")
        return parent

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - signature of pydantic-settings
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, file_secret_settings, TomlConfigSettingsSource(settings_cls))

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the node file. Raises FileNotFoundError, tomllib.TOMLDecodeError or pydantic.ValidationError."""
        if not file.is_file():
            raise FileNotFoundError(f"no node configuration at {file}")
        config = SettingsConfigDict(**{**cls.model_config, "toml_file": file})
        of_file = type(cls.__name__, (cls,), {"model_config": config, "__module__": cls.__module__})
        return cast("Self", of_file(home=file.resolve().parent))

    def resolve(self, path: Path) -> Path:
        """A path of the node file as an absolute one."""
        return path if path.is_absolute() else self.home / path

    @property
    def clock_file(self) -> Path | None:
        """Where the moved time of a demonstration stands; None: the time of this node cannot be moved."""
        return None if self.node.clock_file is None else self.resolve(self.node.clock_file)

    @property
    def keys(self) -> Path:
        return self.resolve(self.node.keys_dir)
