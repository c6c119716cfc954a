"""Intervals and events over days on which profiles merge, split, change and are erased, against a plain reference.

The SQL is the project's own, and so are the permanent ids (`identity.registry`). The reference knows nothing of
intervals: it keeps the set of days on which each profile was in each segment, and reads intervals off it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from segment_models import build, create_history, publish

from cdp_pipeline.segments import Segment, parse_segment, with_versions
from identity.erasure import erase_attached
from identity.registry import register
from identity.store import at, attach_store

START = date(2026, 1, 28)  # a Wednesday: weeks turn within every example
RECORDS = ("r1", "r2", "r3", "r4", "r5")
ADDED = timedelta(days=1)


def declared(least: int) -> list[Segment]:
    """Four segments: a feature, a weekly one, a window that lapses, and one that names the others."""
    common = {"title": "t", "description": "d", "owner": "o", "version": 1, "purpose": "analysis"}
    documents: list[dict[str, Any]] = [
        {"name": "rich", "where": {"feature": "points", "at_least": least}},
        {"name": "weekly_rich", "where": {"feature": "points", "at_least": 2}, "refresh": "weekly"},
        {"name": "recent", "where": {"event": {"type": "visit", "within_days": 3}}},
        {"name": "sleeping", "where": {"segment": "weekly_rich"}, "except": ["recent"]},
    ]
    segments = [parse_segment({**common, **document}) for document in documents]
    return list(with_versions({segment.name: segment for segment in segments}).values())


@dataclass(frozen=True)
class Step:
    """One run: days since the last one, each record's cluster (None: not there), points, and whether it publishes."""

    gap: int
    clusters: tuple[int | None, ...]
    points: tuple[int, ...]
    is_published: bool = True
    least: int = 2
    erased: int | None = None


@dataclass
class Reference:
    """Days of membership by (profile, segment), as published; `was` are the members of the last snapshot."""

    days: dict[tuple[str, str], set[date]] = field(default_factory=dict)
    was: set[tuple[str, str]] = field(default_factory=set)
    evaluated: dict[str, tuple[str, date]] = field(default_factory=dict)
    last: date | None = None

    def run(
        self,
        day: date,
        segments: dict[str, str],
        met: dict[str, set[str]],
        live: set[str],
        aliases: dict[str, str | None],
        events: list[tuple[str, str, str | None]],
    ) -> tuple[set[tuple[str, str]], dict[tuple[str, str], set[date]], dict[str, tuple[str, date]]]:
        """Members, days by profile and segment, and what was evaluated when. `met` holds who fulfils a condition."""
        touched = {p for event, p, _ in events if event in ("merged", "split", "reinstated")}
        touched |= {other for event, _, other in events if event == "split" and other}
        held = {(aliases.get(p, p), s) for p, s in self.was}
        evaluated = dict(self.evaluated)
        now: set[tuple[str, str]] = set()
        for name in ("rich", "weekly_rich", "recent"):
            version, last = self.evaluated.get(name, ("", date.min))
            fresh = version == segments[name] and last < day and last.isocalendar()[:2] == day.isocalendar()[:2]
            is_due = name != "weekly_rich" or not fresh
            if is_due:
                evaluated[name] = (segments[name], day)
            now |= {(p, name) for p in live if (p in met[name] if is_due or p in touched else (p, name) in held)}
        now |= {(p, "sleeping") for p in live if (p, "weekly_rich") in now and (p, "recent") not in now}

        days: dict[tuple[str, str], set[date]] = {}
        for (profile, name), known in self.days.items():
            lived = {d for d in known if d < day}
            if (profile, name) in self.was and self.last is not None:
                # an open interval reaches up to this run
                lived |= {self.last + ADDED * n for n in range((day - self.last).days)}
            heir = aliases.get(profile, profile)
            if heir is not None:
                days.setdefault((heir, name), set()).update(lived)
            if (profile, name) in self.was:
                for event, parent, part in events:
                    if event == "split" and parent == profile and part and (part, name) in now:
                        # the part goes on with the interval that is open, and with no earlier one
                        run, d = set(), day - ADDED
                        while d in lived:
                            run.add(d)
                            d -= ADDED
                        days.setdefault((part, name), set()).update(run)
        for key in now:
            days.setdefault(key, set()).add(day)
        return now, {key: known for key, known in days.items() if known}, evaluated


def intervals(days: set[date], last: date) -> list[tuple[date, date | None]]:
    """Maximal runs of days as half-open intervals; open when the last day is in."""
    found: list[tuple[date, date | None]] = []
    for day in sorted(days):
        if day - ADDED not in days:
            start = day
        if day + ADDED not in days:
            found.append((start, None if day == last else day + ADDED))
    return found


class World:
    """Facts, identity and segments of a small company, stepped run by run."""

    def __init__(self, visits: dict[str, set[int]]) -> None:
        self.con = duckdb.connect()
        attach_store(self.con, None)
        create_history(self.con)
        self.con.execute(
            "create table profile_features (profile_id varchar, points bigint);"
            "create table int_interactions_profiled"
            " (profile_id varchar, occurred_at timestamp, interaction_type varchar, channel varchar);"
        )
        self.visits = visits
        self.generation = 0
        self.day = START
        self.gone: set[str] = set()
        self.reference = Reference()
        self.subscriber: set[tuple[str, str]] = set()
        self.cursor = 0
        self.runs = 0
        # segments with the definitions that they had in the published runs of the day
        self.published_versions: set[tuple[str, str]] = set()

    def step(self, step: Step) -> None:
        self.day += timedelta(days=step.gap)
        self.runs += 1
        erased = None
        members = self._rows(f"select record_id, profile_id from {at('members', self.generation)}")
        if step.erased is not None and step.is_published:
            erased = dict(members).get(RECORDS[step.erased])
        gone = self.gone | {
            r
            for r, p in self._rows(f"select record_id, profile_id from {at('members', self.generation)}")
            if p == erased
        }
        clusters = {r: c for r, c in zip(RECORDS, step.clusters, strict=True) if c is not None and r not in gone}
        if erased:
            erase_attached(self.con, sorted(gone), [erased], as_of=self.day, run_id=f"run{self.runs}")
        ids, aliases, events, generation = self._identify(clusters)
        self._facts(ids, step, aliases)
        segments = declared(step.least)
        build(self.con, segments, self.day)

        live = set(ids.values())
        points: dict[str, int] = dict.fromkeys(live, 0)
        recent = set()
        for record, profile in ids.items():
            points[profile] += step.points[RECORDS.index(record)]
            if any(self.day - timedelta(days=2) <= START + timedelta(days=v) <= self.day for v in self.visits[record]):
                recent.add(profile)
        met = {
            "rich": {p for p in live if points[p] >= step.least},
            "weekly_rich": {p for p in live if points[p] >= 2},
            "recent": recent,
        }
        versions = {segment.name: segment.definition_version for segment in segments}
        now, days, evaluated = self.reference.run(self.day, versions, met, live, aliases, events)
        self._compare(now, days, versions)
        if step.is_published:
            self._follow(now, aliases, events, live)
            publish(self.con)
            self.generation = generation
            self.gone = gone
            held = self.published_versions if self.reference.last == self.day else set()
            self.published_versions = held | set(versions.items())
            self.reference = Reference(days, now, evaluated, self.day)

    def _identify(
        self, clusters: dict[str, int]
    ) -> tuple[dict[str, str], dict[str, str | None], list[tuple[str, str, str | None]], int]:
        self.con.execute("create or replace table c (record_id varchar, cluster_id integer, first_seen timestamp)")
        for record, cluster in clusters.items():
            self.con.execute("insert into c values (?, ?, ?)", [record, cluster, datetime(2020, 1, 1)])
        done = register(
            self.con,
            "c",
            as_of=self.day,
            run_id=f"run{self.runs}",
            model_version="m",
            base_generation=self.generation,
        )
        new = done.generation
        ids = dict(self._rows(f"select record_id, profile_id from {at('members', new)}"))
        aliases = dict(self._rows(f"select alias_profile_id, profile_id from {at('aliases', new)}"))
        events = self._rows(
            "select event, profile_id, related_profile_id from store.events"
            f" where generation = {new} and generation > {self.generation}"
        )
        self.con.execute(
            "create or replace table stg_identity__profile_events as select * exclude (generation) from store.events"
        )
        return ids, aliases, events, new

    def _facts(self, ids: dict[str, str], step: Step, aliases: dict[str, str | None]) -> None:
        self.con.execute(
            "delete from profile_features; delete from int_interactions_profiled;"
            "create or replace table stg_identity__profile_aliases (alias_profile_id varchar, profile_id varchar)"
        )
        for alias, profile in aliases.items():
            self.con.execute("insert into stg_identity__profile_aliases values (?, ?)", [alias, profile])
        for profile in set(ids.values()):
            total = sum(step.points[RECORDS.index(r)] for r, p in ids.items() if p == profile)
            self.con.execute("insert into profile_features values (?, ?)", [profile, total])
        for record, profile in ids.items():
            for visit in self.visits[record]:
                at_ = datetime.combine(START + timedelta(days=visit), datetime.min.time()) + timedelta(hours=12)
                if at_.date() <= self.day:
                    self.con.execute(
                        "insert into int_interactions_profiled values (?, ?, 'visit', 'website')", [profile, at_]
                    )

    def _compare(
        self, now: set[tuple[str, str]], days: dict[tuple[str, str], set[date]], versions: dict[str, str]
    ) -> None:
        assert set(self._rows("select profile_id, segment from seg_current")) == now
        found = self._rows("select profile_id, segment, entered_at, exited_at from seg_membership")
        expected = [(*key, *span) for key, known in days.items() for span in intervals(known, self.day)]
        assert sorted(found, key=repr) == sorted(expected, key=repr)
        # who enters today enters under the definition of today, or under that of an earlier run of the same day
        held = self.published_versions if self.reference.last == self.day else set()
        entered = self._rows(f"select segment, definition_version from seg_membership where entered_at = '{self.day}'")
        assert set(entered) <= held | set(versions.items())

    def _follow(
        self,
        now: set[tuple[str, str]],
        aliases: dict[str, str | None],
        events: list[tuple[str, str, str | None]],
        live: set[str],
    ) -> None:
        """A subscriber that goes on after its cursor arrives at the members of each snapshot."""
        news = self._rows(
            "select cursor, profile_id, segment, event, as_of, reason from seg_events"
            f" where cursor > {self.cursor} order by cursor"
        )
        for cursor, profile, segment, event, as_of, reason in news:
            assert as_of == self.day
            assert ((profile, segment) in self.subscriber) == (event == "exited")
            (self.subscriber.discard if event == "exited" else self.subscriber.add)((profile, segment))
            if profile in aliases:
                assert reason == ("erased" if aliases[profile] is None else "merged")
            elif reason in ("merged", "split"):
                assert any(
                    profile in (p, other) and name in (("merged",) if reason == "merged" else ("split", "reinstated"))
                    for name, p, other in events
                )
            elif reason == "retired":
                assert profile not in live
            self.cursor = cursor
        assert self.subscriber == now

    def _rows(self, query: str) -> list[Any]:
        return self.con.execute(query).fetchall()


runs = st.builds(
    Step,
    gap=st.sampled_from([0, 1, 1, 2, 4]),
    clusters=st.tuples(*[st.sampled_from([1, 1, 2, 3, None])] * len(RECORDS)),
    points=st.tuples(*[st.integers(0, 2)] * len(RECORDS)),
    is_published=st.sampled_from([True, True, True, False]),
    least=st.sampled_from([2, 2, 2, 3]),
    erased=st.sampled_from([None] * 8 + [0, 3]),
)
APART, TOGETHER = (1, 1, 2, 3, None), (1, 1, 1, 3, None)


@given(
    visits=st.fixed_dictionaries({record: st.sets(st.integers(0, 12), max_size=2) for record in RECORDS}),
    steps=st.lists(runs, min_size=2, max_size=6),
)
@example(  # apart, together, apart again: both parts were in it all along
    visits={record: {0} for record in RECORDS},
    steps=[Step(0, APART, (2,) * 5), Step(1, TOGETHER, (2,) * 5), Step(1, APART, (2,) * 5)],
)
@example(  # the part that does not fulfil the condition by itself was never in it
    visits={record: set() for record in RECORDS},
    steps=[Step(0, TOGETHER, (0, 2, 0, 0, 0)), Step(1, APART, (0, 2, 0, 0, 0)), Step(1, APART, (0, 2, 0, 0, 0))],
)
@example(  # the definition changes between two runs of one day
    visits={record: set() for record in RECORDS},
    steps=[Step(0, APART, (2,) * 5, least=3), Step(0, APART, (2,) * 5)],
)
@example(  # a merge in a run that is never published leaves no trace
    visits={record: {0, 5} for record in RECORDS},
    steps=[Step(0, APART, (1,) * 5), Step(1, TOGETHER, (2,) * 5, is_published=False), Step(1, APART, (1,) * 5)],
)
@example(  # a part of a split had been at home in the id that was erased meanwhile: it is not given again
    visits={record: set() for record in RECORDS},
    steps=[
        Step(0, (3, 1, 3, 1, 2), (0,) * 5),
        Step(0, (1, 2, 3, 3, 3), (0,) * 5),
        Step(0, (1, 1, 1, 1, 1), (0,) * 5, erased=0),
        Step(2, (1, 1, 1, 1, 1), (0,) * 5),
        Step(0, (1, 2, 1, 1, 1), (0, 0, 0, 2, 0)),
        Step(0, (1, 1, 3, 1, 1), (0,) * 5),
    ],
)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_intervals_and_events_are_those_of_the_days(visits: dict[str, set[int]], steps: list[Step]) -> None:
    world = World(visits)
    try:
        for step in steps:
            world.step(step)
    finally:
        world.con.close()


@pytest.fixture
def world() -> Iterator[World]:
    world = World({record: {0} for record in RECORDS})
    yield world
    world.con.close()


def _membership(world: World, segment: str) -> list[Any]:
    return world._rows(
        f"select entered_at, exited_at from seg_membership where segment = '{segment}' order by profile_id, entered_at"
    )


def test_people_leave_when_a_window_lapses_although_nothing_happened(world: World) -> None:
    one = (1, 1, 1, 1, 1)
    world.step(Step(0, one, (0,) * 5))
    world.step(Step(2, one, (0,) * 5))
    assert _membership(world, "recent") == [(START, None)]
    world.step(Step(1, one, (0,) * 5))
    assert _membership(world, "recent") == [(START, date(2026, 1, 31))]
    assert world._rows("select event, reason from seg_events where as_of = '2026-01-31'") == [("exited", "condition")]


def test_a_changed_definition_moves_only_those_whose_membership_changes(world: World) -> None:
    two = (1, 2, None, None, None)
    world.step(Step(0, two, (3, 2, 0, 0, 0)))
    (first,) = {
        version for (version,) in world._rows("select definition_version from seg_membership where segment='rich'")
    }
    world.step(Step(1, two, (3, 2, 0, 0, 0), least=3))
    assert set(_membership(world, "rich")) == {(START, START + ADDED), (START, None)}
    # the interval that goes on tells under which definition it began
    assert {v for (v,) in world._rows("select definition_version from seg_membership where segment = 'rich'")} == {
        first
    }
    assert world._rows("select event, reason from seg_events where segment = 'rich' and as_of > '2026-01-28'") == [
        ("exited", "definition")
    ]
    versions = world._rows("select valid_from, valid_to, members from seg_versions where segment = 'rich' order by 1")
    assert versions == [(START, START + ADDED, 2), (START + ADDED, None, 1)]


def test_members_of_a_weekly_segment_are_carried_over_until_monday(world: World) -> None:
    two = (1, 2, None, None, None)
    world.step(Step(0, two, (2, 0, 0, 0, 0)))
    for _ in range(4):  # Thursday to Sunday
        world.step(Step(1, two, (0, 2, 0, 0, 0)))
        assert _membership(world, "weekly_rich") == [(START, None)]
    world.step(Step(1, two, (0, 2, 0, 0, 0)))
    monday = date(2026, 2, 2)
    assert set(_membership(world, "weekly_rich")) == {(START, monday), (monday, None)}


def test_history_does_not_depend_on_what_is_built_twice(world: World) -> None:
    """Nothing of the segment models is kept in the warehouse: a build from nothing gives what a build over one gave."""
    world.step(Step(0, APART, (2,) * 5))
    world.step(Step(1, TOGETHER, (2,) * 5, is_published=False))
    models = ("seg_membership", "seg_events", "seg_versions")
    before = [world._rows(f"select * from {model} order by all") for model in models]
    for model in (*models, "seg_current", "int_segment_evaluations"):
        world.con.execute(f"drop table {model}")
    build(world.con, declared(2), world.day)
    assert [world._rows(f"select * from {model} order by all") for model in models] == before
