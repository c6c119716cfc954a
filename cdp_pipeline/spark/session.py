"""The Spark session of a run. Everything that a result depends on is set here and nowhere else.

Only this module starts Spark. Executors run Python, too: they need the interpreter's version and the packages `duckdb`
and `pyarrow`, nothing of this project.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cdp_pipeline.home import Home
from cdp_pipeline.settings import HOME_LAKE, Settings, SettingsError


def check_installed() -> None:
    """Raises SettingsError with one line where the extra or Java is missing."""
    modules = {"pyspark": "pyspark", "dbt-spark": "dbt.adapters.spark"}
    missing = [name for name, module in modules.items() if not _is_installed(module)]
    if missing:
        raise SettingsError(
            f"CDP_ENGINE: spark needs the package{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            "install them with: pip install 'cdp-platform[spark]'"
        )
    java = java_version()
    if java is None or int(java.split(".")[0]) < 17:
        raise SettingsError(
            f"CDP_ENGINE: spark needs Java 17 or later, here is {java or 'none'}; install it, or set JAVA_HOME"
        )


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


def java_version() -> str | None:
    """Version of the Java that Spark would start ("17.0.2"), None without one."""
    java = _java()
    if java is None:
        return None
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "([^"]+)"', done.stderr + done.stdout)
    return found.group(1) if found else None


def lake_of(home: Home, settings: Settings) -> str:
    """Where Spark reads and writes the lake: ``CDP_SPARK_LAKE``, by default the home's own folder."""
    return str(home.lake) if settings.spark_lake == HOME_LAKE else settings.spark_lake.rstrip("/")


def session_conf(home: Home, settings: Settings) -> Mapping[str, str]:
    """The configuration of a session: what results depend on, and where its own files lie.

    Memory, executors, credentials of a file system and so on are the cluster's: ``spark-defaults.conf``.
    """
    state = home.root / "spark"
    conf = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",  # a bar would run into the lines of a log
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.stream.error.file={state}/derby.log",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",  # what DuckDB calls TIMESTAMP
        "spark.sql.ansi.enabled": "true",  # a value that cannot be cast ends the run, as in DuckDB
        "spark.sql.sources.default": "parquet",
        "spark.sql.legacy.createHiveTableByDefault": "false",
        "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",  # core tables are written where the last run's lie
        "spark.sql.warehouse.dir": f"{lake_of(home, settings)}/spark",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={state}/metastore;create=true",
    }
    if settings.spark_master.startswith("local"):
        # one machine: partitions for its cores, and no page for a browser
        conf |= {"spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false"}
    return conf


def build_session(home: Home, settings: Settings) -> Any:
    """A `pyspark.sql.SparkSession` with the catalogue of `home`. Raises SettingsError (`check_installed`)."""
    check_installed()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    (home.root / "spark").mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder.master(settings.spark_master).appName("cdp")
    for key, value in session_conf(home, settings).items():
        builder = builder.config(key, value)
    session = builder.enableHiveSupport().getOrCreate()
    _hush(session)
    return session


def _hush(session: Any) -> None:
    """No texts of errors in the output of this process: they quote values, and each comes as an exception as well."""
    from pyspark.logger import PySparkLogger

    session.sparkContext.setLogLevel("OFF")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
