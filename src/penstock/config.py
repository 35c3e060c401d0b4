"""Settings: flags, then the environment, then a file; nobody else reads any of them.

An unknown key, or a value that is not allowed, stops the start with one line: where it
was said, the key, the value, and what is allowed.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from penstock.errors import ConfigError, FlagError
from penstock.log.file import NEVER
from penstock.server.access import Network
from penstock.server.address import FORMS, Address, parse

PREFIX = "PENSTOCK_"
FILE = Path("penstock.toml")  # in the working directory
ROOT = 0  # the user's number
SYSTEM_FOLDER = Path("/var/lib/penstock")
MIB = 1 << 20
LARGEST_JOB = 1 << 30  # bytes; upstream's bound for its -z
UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
SIZE = re.compile(r"(\d{1,18}) ?([A-Za-z]*)")
INTERVAL = re.compile(r"interval:([1-9]\d{0,4})")  # milliseconds
LONGEST_INTERVAL = 60_000
MILLISECOND = 1_000_000  # nanoseconds

# Variables that are no settings: what the build and the tests are told, and what
# Kubernetes and Docker set for a service that is called penstock.
NO_SETTING = re.compile(r"(COMPILE|FORM|(SERVICE|PORT)(_\w+)?|NAME|ENV_\w+)")

ALLOWED = {
    "data": "the path of a folder, and not together with memory",
    "sync": "always, interval:MS or never, where MS are 1 to 60000 milliseconds,"
    " and none of them together with memory",
    "memory": "true or false",
    "beanstalk": f"a list of addresses: {FORMS}",
    "allow": "a list of ranges such as 10.0.0.0/8 or fd00::/8",
    "max_job_size": "a size up to 1GiB, such as 65535, 64KiB or 1MiB",
    "max_connections": "a whole number from 1 to 1000000",
    "max_memory": "a size such as 512MiB or 8GiB",
    "log_format": "console or json",
}


# Values.


@dataclass(frozen=True, slots=True)
class Sync:
    """When the log is synced: as it was said, and for how many nanoseconds something
    that was acknowledged may wait; 0 is not at all, NEVER is as the kernel pleases."""

    text: str
    interval: int


def _sync(value: object) -> Sync:
    if isinstance(value, Sync):
        return value
    if value == "always":
        return Sync("always", 0)
    if value == "never":
        return Sync("never", NEVER)
    match = INTERVAL.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > LONGEST_INTERVAL:
        raise _refuse(value)
    return Sync(match[0], int(match[1]) * MILLISECOND)


def _folder(value: object) -> object:
    """Refuse the empty path: to Python it is the working directory."""
    if value == "":
        raise _refuse(value)
    return value


def _refuse(value: object) -> PydanticCustomError:
    return PydanticCustomError("setting", "not allowed", {"value": value})


def _size(value: object) -> int:
    """Read 65535, or a text such as 1MiB."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2].upper() not in UNITS:
        raise _refuse(value)
    return int(match[1]) * UNITS[match[2].upper()]


def _count(value: object) -> object:
    """Refuse true and false, which are numbers to Python alone."""
    if isinstance(value, bool):
        raise _refuse(value)
    return value


def _items(value: object) -> list[str]:
    """Read a list, or a text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise _refuse(value)
    for item in items:
        if not isinstance(item, str):
            raise _refuse(item)
    return [item.strip() for item in items]


def _addresses(value: object) -> tuple[Address, ...]:
    items = _items(value)
    if items == ["off"]:
        return ()
    return tuple(_address(item) for item in items)


def _address(item: str) -> Address:
    try:
        return parse(item)
    except ValueError:
        raise _refuse(item) from None


def _networks(value: object) -> tuple[Network, ...]:
    return tuple(_network(item) for item in _items(value))


def _network(item: str) -> Network:
    try:
        return ipaddress.ip_network(item)
    except ValueError:
        raise _refuse(item) from None


class Settings(BaseSettings):
    """What can be set; `None` leaves it to the server."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=False,
    )

    data: Annotated[Path, BeforeValidator(_folder)] | None = None
    sync: Annotated[Sync, PlainValidator(_sync)] = Sync("always", 0)
    memory: bool = False
    beanstalk: Annotated[tuple[Address, ...], BeforeValidator(_addresses)] | None = None
    allow: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = ()
    max_job_size: Annotated[
        int, BeforeValidator(_size), Field(ge=0, le=LARGEST_JOB)
    ] = MIB
    max_connections: (
        Annotated[int, BeforeValidator(_count), Field(ge=1, le=1_000_000)] | None
    ) = None
    max_memory: Annotated[int, BeforeValidator(_size), Field(ge=0)] | None = None
    log_format: Literal["console", "json"] = "console"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only: `load` reads the others and notes what came whence."""
        return (init_settings,)


# Layers.


@dataclass(frozen=True, slots=True)
class Layer:
    """Values that were said in one place; `file` is None for environment and flags."""

    kind: Literal["flag", "variable", "file"]
    values: dict[str, Any]
    file: Path | None = None

    def line(self, key: str, complaint: str, value: object) -> ConfigError:
        """Give the one line that names place, key, value and what is wrong."""
        if self.kind == "flag":
            flag = f"--{key.replace('_', '-')}"
            return FlagError(_one_line(f"{flag} {value}: {complaint}"))
        if self.kind == "variable":
            return ConfigError(_one_line(f"{PREFIX}{key.upper()}={value}: {complaint}"))
        shown = _toml(value)
        return ConfigError(_one_line(f"{self.file}: {key} = {shown}: {complaint}"))


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _toml(value: object) -> str:
    """Write a value about as it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def load(
    flags: Mapping[str, Any], config: Path | None, environ: Mapping[str, str]
) -> Settings:
    """Read all settings; raise ConfigError with the line to show."""
    given = {key: value for key, value in flags.items() if value is not None}
    layers = [Layer("flag", given), _environment(environ), _file(config)]
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        merged |= layer.values
    settings = _validated(merged, layers)
    if settings.memory:
        for key in ("data", "sync"):
            _settle_memory(merged, key, layers)
        settings = _validated(merged, layers)
    return settings


def _validated(merged: dict[str, Any], layers: list[Layer]) -> Settings:
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise _line(layers, error) from None


def _settle_memory(merged: dict[str, Any], key: str, layers: list[Layer]) -> None:
    """Let memory, or what it rules out, win by where they were said: a flag for one
    rules the other out; both in one place are a mistake."""
    if key not in merged or "memory" not in merged:
        return
    layer, other = _layer_of(key, layers), _layer_of("memory", layers)
    if layers.index(other) < layers.index(layer):
        del merged[key]
    elif layer is other or key == "sync":
        raise layer.line(key, f"allowed is {ALLOWED[key]}", merged[key])
    else:
        del merged["memory"]


def _line(layers: list[Layer], error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = str(first["loc"][0])
    layer = _layer_of(key, layers)
    value = first.get("ctx", {}).get("value", first["input"])
    if first["type"] == "extra_forbidden":
        return layer.line(key, f"unknown key, allowed are {', '.join(ALLOWED)}", value)
    return layer.line(key, f"allowed is {ALLOWED[key]}", value)


def _layer_of(key: str, layers: list[Layer]) -> Layer:
    return next(layer for layer in layers if key in layer.values)


def _environment(environ: Mapping[str, str]) -> Layer:
    """Read PENSTOCK_*; a misspelt one is not passed over."""
    ours = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value
    }
    layer = Layer("variable", ours)
    for key, value in list(ours.items()):
        if key in ALLOWED:
            continue
        if not NO_SETTING.fullmatch(key.upper()):
            known = ", ".join(PREFIX + name.upper() for name in ALLOWED)
            raise layer.line(key, f"unknown variable, allowed are {known}", value)
        del ours[key]
    return layer


def _file(config: Path | None) -> Layer:
    """Read the file that was named, or the one in the working directory if there."""
    path = config or FILE
    try:
        # Opened here, for the library passes over a file that is not there.
        with path.open("rb"):
            return Layer("file", TomlConfigSettingsSource(Settings, path)(), path)
    except FileNotFoundError:
        if config is None:
            return Layer("file", {}, path)
        raise ConfigError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path}: {reason}") from None


# Where jobs are kept.


def data_folder(
    settings: Settings, environ: Mapping[str, str], user: int
) -> Path | None:
    """Give the data folder's absolute path; None where jobs are kept in memory.

    Where nobody named one it is systemd's for this service, else the one of a system's
    service for root, else the user's own.
    """
    if settings.memory:
        return None
    return (settings.data or _default_folder(environ, user)).absolute()


def _default_folder(environ: Mapping[str, str], user: int) -> Path:
    # systemd names several with colons between them; the first is ours.
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    if user == ROOT:
        return SYSTEM_FOLDER
    # The XDG base directory specification: a relative path is to be passed over.
    for name, below in (
        ("XDG_STATE_HOME", "penstock"),
        ("HOME", ".local/state/penstock"),
    ):
        if environ.get(name, "").startswith("/"):
            return Path(environ[name], below)
    raise ConfigError("no home is there to keep jobs in: name a folder with --data")


# systemd.


@dataclass(frozen=True, slots=True)
class Systemd:
    """What systemd has told this process: inherited sockets by descriptor, where to
    report, and within how many microseconds to give a sign of life."""

    sockets: dict[int, str]
    notify: str | None
    watchdog: int | None


FIRST_SOCKET = 3  # sd_listen_fds(3), SD_LISTEN_FDS_START


SYSTEMD = (
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
)


def inherits(environ: Mapping[str, str], pid: int) -> bool:
    """Tell whether systemd has opened sockets for this process."""
    return environ.get("LISTEN_PID") == str(pid)


def from_systemd(environ: MutableMapping[str, str], pid: int) -> Systemd:
    """Take systemd's variables; no child of ours is to find them."""
    told = {name: environ.pop(name, "") for name in SYSTEMD}
    count = _number(told["LISTEN_FDS"]) if told["LISTEN_PID"] == str(pid) else 0
    names = told["LISTEN_FDNAMES"].split(":") + [""] * count
    beats = told["WATCHDOG_PID"] in ("", str(pid))
    return Systemd(
        {FIRST_SOCKET + i: names[i] for i in range(count)},
        told["NOTIFY_SOCKET"] or None,
        (_number(told["WATCHDOG_USEC"]) or None) if beats else None,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
