"""What an operator may set for one installation. Read once at the edge (CLI, Dagster resource), then passed on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

ENGINES = ("duckdb", "spark")
HOME_LAKE = "home"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# part of a cron expression: its name, first and last number, the words that stand for numbers, and what else it may be
_CRON_PARTS = (
    ("minute", 0, 59, (), ""),
    ("hour", 0, 23, (), ""),
    ("day of the month", 1, 31, (), r"\?|l"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of the week", 0, 7, _WEEKDAYS, rf"\?|l[0-7]|(?:[0-7]|{'|'.join(_WEEKDAYS)})#[1-5]"),
)


class SettingsError(ValueError):
    """An environment variable cannot be used; the text is one line that names it."""


@dataclass(frozen=True)
class Settings:
    """Settings of one installation.

    `timezone` decides which day it is and when the daily run starts; `start_date` is the first delivery day that
    Dagster knows. `max_cluster_size` to `max_profile_drop` bound what may be published: see `profiles.gate.GateBounds`.
    `engine` builds core tables, scores and marts; `spark_master` is Spark's URL of the cluster, `spark_lake` the lake's
    address in a file system of Hadoop (`HOME_LAKE`: the home's own folder).
    """

    timezone: str = "UTC"
    start_date: date = date(2017, 1, 1)
    schedule: str = "30 4 * * *"
    keep_versions: int = 5
    keep_runs: int = 60
    max_cluster_size: int = 1000
    min_match_rate: float = 0.0
    max_match_rate: float = 1.0
    max_profile_drop: float = 0.2
    engine: str = "duckdb"
    spark_master: str = "local[*]"
    spark_lake: str = HOME_LAKE

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``CDP_TIMEZONE``, ``CDP_START_DATE`` and so on; unset or empty means the default.

        Raises SettingsError naming the variable that cannot be read.
        """
        given = os.environ if env is None else env
        readers = {
            "timezone": _zone,
            "start_date": date.fromisoformat,
            "schedule": cron,
            "keep_versions": _count,
            "keep_runs": _count,
            "max_cluster_size": _count,
            "min_match_rate": _share,
            "max_match_rate": _share,
            "max_profile_drop": _share,
            "engine": _engine,
            "spark_master": _master,
            "spark_lake": _lake,
        }
        values: dict[str, object] = {}
        for name, read in readers.items():
            variable = f"CDP_{name.upper()}"
            text = given.get(variable, "").strip()
            if not text:
                continue
            try:
                values[name] = read(text)
            except (ValueError, OSError) as error:
                raise SettingsError(f"{variable}: cannot use '{text}' ({error})") from None
        return cls(**values)  # type: ignore[arg-type]  # each reader returns its field's type


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone of the IANA database") from None


def cron(text: str) -> str:
    """`text`, where Dagster takes it for a schedule. Raises ValueError that names the part that is wrong.

    Written out here, since importing Dagster to ask it takes four seconds.
    """
    parts = text.lower().split()
    if len(parts) != len(_CRON_PARTS):
        raise ValueError("a cron expression has five parts")
    for part, (name, first, last, words, special) in zip(parts, _CRON_PARTS, strict=True):
        for item in part.split(","):
            if special and re.fullmatch(special, item):
                continue
            found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/0*[1-9][0-9]*)?", item, re.ASCII)
            values = [value for value in found.groups() if value] if found else []
            if not found or any(not _within(value, first, last, words) for value in values):
                raise ValueError(f"'{part}' is no {name} of a cron expression ({first} to {last})")
    if parts[3] in ("2", "02", "feb") and parts[2] in ("30", "31"):
        raise ValueError("February has no such day")
    return text


def _within(value: str, first: int, last: int, words: Sequence[str]) -> bool:
    return first <= int(value) <= last if value.isdigit() else value in words


def _engine(text: str) -> str:
    if text not in ENGINES:
        raise ValueError(f"an engine is one of {', '.join(ENGINES)}")
    return text


def _master(text: str) -> str:
    if not text.startswith(("local", "spark://", "yarn", "k8s://")):
        raise ValueError("a master of Spark is local[N], local-cluster[N,cores,MB], spark://…, yarn or k8s://…")
    return text


def _lake(text: str) -> str:
    if text != HOME_LAKE and "://" not in text and not text.startswith("/"):
        raise ValueError("the address of a lake is home, scheme://host/folder or an absolute folder")
    return text.rstrip("/")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("must be at least 1")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError("must lie between 0 and 1")
    return value
