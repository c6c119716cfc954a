"""Proves an erasure on a home: plant people, find them everywhere, erase them, find them nowhere, deliver them again.

python tests/erasure/proof.py --people 100 --work DIR     # on the sample, with real runs; prints a report
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from looking import look, look_in_postgres, places
from neighbours import Comparison, compare, keep_snapshot, planted_profiles
from planting import Person, plant
from planting_elsewhere import late_account, mention_and_refuse, note_in_files, relatives
from postgres_server import NoPostgres, postgres_server

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
BEFORE = "2018-01-01"
# Where people must be found before, or the search afterwards says nothing.
EXPECTED = (
    "landing", "lake/raw", "lake/quarantine", "lake/core/customer_records", "lake/core/record_identifiers",
    "lake/core/ticket_messages", "lake/core/feedback", "lake/identity/record_identifiers",
    "identity.duckdb", "warehouse.duckdb", "published/pii.duckdb", "exports", "state/ops.sqlite", "dagster", "dbt",
)  # fmt: skip


Claim = Callable[[str, Callable[[], str]], None]


class ProofFailed(AssertionError):
    """A claim does not hold; the text says which and where."""


@dataclass
class Proof:
    """A home under proof: `work` holds it (``home``), the files as they were delivered, and a backup."""

    work: Path
    people: list[Person]

    @property
    def home(self) -> Path:
        return self.work / "home"

    @property
    def originals(self) -> Path:
        return self.work / "originals"

    @property
    def planted_ids(self) -> set[str]:
        return {new for person in self.people for new in person.ids.values()}

    def planted_profiles(self) -> tuple[dict[str, list[str]], Counter[str]]:
        return planted_profiles(self.home / "published" / "current", self.planted_ids)

    def cdp(self, *arguments: str) -> str:
        """One command on the home; returns what it prints. Raises ProofFailed where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "cdp_pipeline", *arguments, "--home", str(self.home)],
            capture_output=True, text=True, check=False, env={**os.environ, "CDP_HOME": ""},
        )  # fmt: skip
        if done.returncode:
            raise ProofFailed(f"cdp {arguments[0]} {arguments[1] if len(arguments) > 1 else ''}: {done.stderr[-2000:]}")
        return done.stdout


def prepare(work: Path, people: int, *, only: Sequence[str] = (), since: str = "") -> Proof:
    """A home under `work` with the landed files of the sample (of the sources `only`, of days `since`) and planted
    people; the files are kept beside it."""
    proof = Proof(work, [])
    landing = proof.home / "landing"
    for day in sorted((SAMPLE / "landing").glob("*/*/dt=*")):
        if (not only or day.parts[-3] in only) and day.name >= f"dt={since}":
            shutil.copytree(day, landing / day.relative_to(SAMPLE / "landing"))
    proof.people = plant(landing, SAMPLE / "truth", people)
    relatives(landing, proof.people)
    mention_and_refuse(landing, proof.people)
    shutil.copytree(landing, proof.originals)
    return proof


def redeliver(proof: Proof) -> int:
    """Deliver the original files again, beside the others under new names; returns their number."""
    files = [p for p in sorted(proof.originals.rglob("*")) if p.is_file()]
    for path in files:
        target = proof.home / "landing" / path.relative_to(proof.originals).parent / f"again-{path.name}"
        shutil.copyfile(path, target)
    return len(files)


def expect_nothing(root: Path, when: str, allowed: frozenset[str] = frozenset()) -> str:
    """Raise ProofFailed where a planted value (other than `allowed`) stands anywhere below `root`."""
    left = {name: hits for name, values in look(root).items() if (hits := {v for v in values if v not in allowed})}
    if left:
        told = "; ".join(f"{name}: {', '.join(sorted(hits)[:3])}" for name, hits in sorted(left.items())[:12])
        raise ProofFailed(f"{when}: {len(left)} files hold planted values: {told}")
    return "nothing found in any byte or decoded table"


def expect_same(kept: Path, home: Path, erased: Sequence[str], when: str) -> Comparison:
    """Raise ProofFailed where rows of anybody else differ between two snapshots, but in what is worked out over all
    people together."""
    compared = compare(kept, home / "published" / "current", erased)
    if compared.changed:
        told = "; ".join(f"{table} {what}" for table, what in sorted(compared.changed.items())[:20])
        raise ProofFailed(f"{when}: others' rows changed: {told}")
    return compared


def main() -> int:
    """The full form, on the sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--work", type=Path, required=True, help="a new folder; what is made there stays")
    arguments = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", flush=True)

    failures: list[str] = []

    def claim(what: str, shown: Callable[[], str]) -> None:
        """Say what a claim showed; one that does not hold is kept, and the others are shown all the same."""
        try:
            say(f"{what}: {shown()}")
        except ProofFailed as failed:
            failures.append(str(failed))
            say(f"{what}: FAILED: {failed}")

    proof = prepare(arguments.work, arguments.people)
    rows, objects = sum(p.rows for p in proof.people), {o for p in proof.people for o in p.objects}
    sources = {s for p in proof.people for s in p.sources}
    say(f"planted {len(proof.people)} people: {rows} rows in {len(objects)} objects of {len(sources)} sources")
    proof.cdp("run")
    profiles, strangers = proof.planted_profiles()
    claim(f"a run made {len(profiles)} profiles of them", lambda: expect_no_strangers(strangers))
    with receiver() as uri:
        _erase_and_look(proof, profiles, uri, claim)
    if failures:
        say(f"{len(failures)} claims do not hold")
    return 1 if failures else 0


def _erase_and_look(proof: Proof, profiles: Mapping[str, Sequence[str]], uri: str, claim: Claim) -> None:
    use(proof, profiles, uri)
    claim("before", lambda: expect_everywhere(proof.home, uri))
    before = keep_snapshot(proof.home, proof.work / "before")
    proof.cdp("backup", "create", str(proof.work / "backups"))

    wanted = proof.work / "people.txt"
    wanted.write_text("".join(f"{one}\n" for one in named(profiles)), encoding="utf-8")
    proof.cdp("privacy", "erase", "--file", str(wanted), "--yes", "--before", BEFORE, "--reason", "proof")
    (receipt,) = json.loads(proof.cdp("privacy", "receipts", "--json"))
    counts = receipt["counts"]
    claim("the receipt", lambda: expect_receipt(receipt, profiles, uri))
    claim("after the erasure", lambda: expect_nothing(proof.home, "after the erasure"))
    claim("others after it", lambda: expect_same(before, proof.home, list(profiles), "after the erasure").told)
    if uri:
        proof.cdp("audience", "sync")
        claim("the receiver after the next sync", lambda: expect_nothing_sent(uri, counts))

    before = keep_snapshot(proof.home, proof.work / "after")
    files = redeliver(proof)
    proof.cdp("run")
    claim(f"after {files} original files came again", lambda: expect_nothing(proof.home, "after redelivery"))
    claim("others after it", lambda: expect_same(before, proof.home, list(profiles), "after redelivery").told)

    shutil.copyfile(proof.home / "state" / "ops.sqlite", proof.work / "later.sqlite")
    shutil.rmtree(proof.home)
    (saved,) = [p for p in (proof.work / "backups").iterdir() if p.is_dir()]
    proof.cdp("backup", "restore", str(saved))
    if not look(proof.home):
        raise ProofFailed("the backup does not hold the people: it proves nothing")
    email = late_account(proof.home / "landing", proof.people[1])
    proof.cdp("privacy", "reapply", str(proof.work / "later.sqlite"))
    claim("an account opened after the erasure", lambda: expect_back(proof.home, email, profiles))
    claim(
        "after a restored backup",
        lambda: expect_nothing(proof.home, "after a restored backup", frozenset({email.partition("@")[0]})),
    )


@contextmanager
def receiver() -> Iterator[str]:
    """URI of a Postgres server that receives audiences; empty where none can be started."""
    with ExitStack() as stack:
        try:
            uri = stack.enter_context(postgres_server())
        except NoPostgres as reason:
            print(f"no audiences go to Postgres: {reason}", file=sys.stderr)
            uri = ""
        os.environ["CDP_DESTINATION_LEDGER_URI"] = uri
        yield uri


def expect_no_strangers(strangers: Mapping[str, int]) -> str:
    """Raise ProofFailed where planted profiles hold records of somebody of the sample: the planting is at fault."""
    if strangers:
        raise ProofFailed(f"planted profiles hold records of others: {dict(strangers)}")
    return "they hold nobody else's records"


def expect_everywhere(home: Path, uri: str) -> str:
    """Raise ProofFailed where a kind of place that ought to hold planted values has none."""
    found = places(look(home))
    missing = [place for place in EXPECTED if place not in found]
    if missing:
        raise ProofFailed(f"planted values are not found where they ought to be: {', '.join(missing)}")
    told = ", ".join(f"{place} {n}" for place, n in sorted(found.items()))
    if uri:
        rows = look_in_postgres(uri)
        if not rows:
            raise ProofFailed("no planted value was sent to Postgres: it proves nothing")
        told += f"; and in {rows} rows at a receiver (Postgres)"
    return f"found in files: {told}"


def expect_receipt(receipt: Mapping[str, Any], profiles: Collection[str], uri: str) -> str:
    """Raise ProofFailed where a receipt lacks a profile, or a receiver who has to be told."""
    counts = receipt["counts"]
    missing = set(profiles) - set(receipt["profile_ids"])
    receivers = {key.split(":")[1].split("/")[0] for key in counts if key.startswith(("told_by_next_sync", "pass_on"))}
    unnamed = {"ads", "newsletter", "analysts", *(["ledger"] if uri else [])} - receivers
    if missing or unnamed:
        raise ProofFailed(f"the receipt lacks {len(missing)} profiles, and of the receivers {sorted(unnamed)}")
    return (
        f"{len(receipt['profile_ids'])} ids, {counts['records']} records, {counts['rows']} landed rows in"
        f" {counts['landing_files']} files; receivers named: {', '.join(sorted(receivers))}"
    )


def expect_nothing_sent(uri: str, counts: Mapping[str, int]) -> str:
    rows = look_in_postgres(uri)
    if rows:
        raise ProofFailed(f"{rows} rows of planted people are left at the receiver (Postgres)")
    return f"no row of theirs in Postgres, as the receipt had said ({_to_tell(counts)} tables told by the next sync)"


def _to_tell(counts: Mapping[str, int]) -> int:
    return sum(key.startswith("told_by_next_sync:ledger/") for key in counts)


def expect_back(home: Path, email: str, profiles: Collection[str]) -> str:
    with duckdb.connect(str(home / "published/current/pii.duckdb"), read_only=True) as con:
        back = con.execute("SELECT DISTINCT profile_id FROM identifiers WHERE value = $1", [email]).fetchall()
    if len(back) != 1 or back[0][0] in profiles:
        raise ProofFailed(f"it has {len(back)} profiles of its own")
    return "a new profile"


def named(profiles: Mapping[str, Sequence[str]]) -> list[str]:
    """Each planted profile by its id or, every second one, by a record of whatever system knows it."""
    return [records[0] if at % 2 else profile for at, (profile, records) in enumerate(sorted(profiles.items()))]


def use(proof: Proof, profiles: Mapping[str, Sequence[str]], uri: str = "") -> None:
    """What a company does with its profiles: consents, audiences, notes; and an older snapshot that is still there."""
    proof.cdp("privacy", "consent", sorted(profiles)[0], "--purpose", "profiling", "--state", "denied")
    (proof.home / "destinations.yml").write_text(DESTINATIONS + (LEDGER if uri else ""), encoding="utf-8")
    proof.cdp("audience", "sync")
    note_in_files(proof.home, proof.people)
    published = proof.home / "published"
    newest = (published / "current").resolve()
    older = published / f"20170101{newest.name[8:]}"
    shutil.copytree(newest, older)
    text = (older / "manifest.json").read_text(encoding="utf-8")
    (older / "manifest.json").write_text(text.replace(newest.name, older.name), encoding="utf-8")


_SEGMENTS = "[active_customers, lapsed, consent_missing, store_only, one_time_buyers, category_explorers]"
DESTINATIONS = f"""
destinations:
  ads: {{kind: file, format: meta, segments: {_SEGMENTS}, channel: online_ads, purpose: service}}
  newsletter: {{kind: file, format: klaviyo, segments: {_SEGMENTS}, channel: email, purpose: service}}
  analysts: {{kind: file, format: parquet, segments: {_SEGMENTS}, channel: email, purpose: analysis,
             fields: [email, given_name]}}
"""
LEDGER = f"""
  ledger: {{kind: postgres, segments: {_SEGMENTS}, channel: email, purpose: analysis, schema: ledger,
           fields: [email, phone, given_name, family_name]}}
"""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProofFailed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        sys.exit(1)
