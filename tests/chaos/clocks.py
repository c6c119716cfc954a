"""Another time of day for a process and all its libraries: a small library in front of the system's clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

YEAR = 365 * 86_400
_SKEW = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long skew(void) { const char *given = getenv("CLOCK_SKEW"); return given ? atol(given) : 0; }

int clock_gettime(clockid_t id, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += skew();
  return done;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec exact;
  int done = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return done;
}

time_t time(time_t *where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (where) *where = now.tv_sec;
  return now.tv_sec;
}
"""


def environment(folder: Path, seconds: int) -> dict[str, str] | None:
    """Environment in which the clock is `seconds` off; None where there is no C compiler, or no Linux."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    source, library = folder / "skew.c", folder / "skew.so"
    source.write_text(_SKEW, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    skewed = {**os.environ, "LD_PRELOAD": str(library), "CLOCK_SKEW": str(seconds)}
    seen = subprocess.run(
        [sys.executable, "-c", "import time; print(int(time.time()))"], capture_output=True, check=True, env=skewed
    )
    assert abs(int(seen.stdout) - time.time() - seconds) < 60, "the clock is another one"
    return skewed
