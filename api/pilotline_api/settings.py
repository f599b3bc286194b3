"""Settings of the API and its worker, from arguments and ``PILOTLINE_*`` environment variables."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the API and its worker.

    Attributes:
        plant: plant file.
        data: directory of the embedded stores; made when missing.
        database_url: SQLAlchemy URL; None means ``pilotline.sqlite`` in `data`.
        historian_url: historian URL; None means ``historian.sqlite`` in `data`.
        edge_token: what edge agents show to push live values; None refuses them all.
        live_url: MQTT broker to read live values from, ``mqtt(s)://HOST[:PORT][/PREFIX]``; None
            where edge agents push them here.
        public_url: address people reach the pages at, such as ``https://line.example.org``; None
            derives it from each request.
        host, port: where to listen; port 0 picks a free one.
        trusted_proxies: addresses, separated by commas, of reverse proxies whose
            ``X-Forwarded-For`` says who asks; None believes nobody.
        secure_cookies: whether cookies travel over HTTPS only.
        frozen_horizon_minutes: how far ahead of now a solve leaves the published plan as it is.
        planning_horizon_days: how far ahead of now a solve may plan.
    """

    model_config = SettingsConfigDict(env_prefix="PILOTLINE_", extra="forbid", frozen=True)

    plant: Path
    data: Path
    database_url: str | None = None
    historian_url: str | None = None
    edge_token: SecretStr | None = None
    live_url: str | None = None
    public_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: str | None = None
    secure_cookies: bool = False
    frozen_horizon_minutes: int = Field(default=120, ge=0)
    planning_horizon_days: int = Field(default=42, ge=1, le=365)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'pilotline.sqlite'}"

    @property
    def historian(self) -> str:
        """The historian URL in force."""
        return self.historian_url or f"sqlite:///{self.data.resolve() / 'historian.sqlite'}"

    @property
    def jobs(self) -> Path:
        """The queue of background work."""
        return self.data / "jobs.sqlite"

    @property
    def frozen_horizon(self) -> timedelta:
        """How far ahead of now a solve leaves the published plan as it is."""
        return timedelta(minutes=self.frozen_horizon_minutes)

    @property
    def planning_horizon(self) -> timedelta:
        """How far ahead of now a solve may plan."""
        return timedelta(days=self.planning_horizon_days)
