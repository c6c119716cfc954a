"""The repair of one component that breaks a rule: built up again from its strongest edge to its weakest.

An edge that would break a rule is left out with the reason. A group of records whose evidence for two profiles is equal
goes to neither. Pure Python over one component: no tables, and nothing depends on the order in which edges are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from identity.accepting import UNDECIDED_BITS


class Edge(NamedTuple):
    """One accepted edge; sorts by rank (0 a judgement, 1 an identifier, 2 a score beside a common contact of their own,
    3 any other score), then weight (bits, negated), then ids."""

    rank: int
    negative_weight: float
    left: int
    right: int

    def clearly_stronger(self, other: Edge) -> bool:
        """By rank, or by UNDECIDED_BITS or more within one rank."""
        if self.rank != other.rank:
            return self.rank < other.rank
        return other.negative_weight - self.negative_weight >= UNDECIDED_BITS


@dataclass(slots=True)
class Group:
    """Records taken for one person so far, and what they hold together."""

    members: set[int] = field(default_factory=set)
    limited: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(reason if broken, namespace) → distinct values."""
    own: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))
    """E-mails, phones used under one name only."""
    contacts: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))
    birth_dates: set[str] = field(default_factory=set)
    is_held: bool = False
    """Two of its records share an identifier or a contact of their own."""

    def absorb(self, other: Group) -> None:
        """Add all that `other` holds; `other` is not to be used afterwards."""
        self.is_held |= other.is_held or any(not a.isdisjoint(b) for a, b in zip(self.own, other.own, strict=True))
        self.members |= other.members
        for key, values in other.limited.items():
            self.limited.setdefault(key, set()).update(values)
        for mine, theirs in zip((*self.own, *self.contacts), (*other.own, *other.contacts), strict=True):
            mine |= theirs
        self.birth_dates |= other.birth_dates


def dates_alike(left: str, right: str) -> bool:
    """Two ISO dates (YYYY-MM-DD) are equal but for one slip, or have day and month exchanged."""
    if left == right or (left[:4] == right[:4] and left[5:] == f"{right[8:]}-{right[5:7]}"):
        return True
    return len(left) == len(right) and is_slip(left, right)


def is_slip(left: str, right: str) -> bool:
    """Two values of 6 characters or more are one slip apart: one character wrong, missing or too many, or two
    neighbours exchanged."""
    short, long = sorted((left, right), key=len)
    if len(short) < 6 or len(long) - len(short) > 1:
        return left == right
    i = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[i:] == long[i + 1 :]
    return short[i + 1 :] == long[i + 1 :] or (
        short[i : i + 2] == long[i : i + 2][::-1] and short[i + 2 :] == long[i + 2 :]
    )


def count_typed(values: set[str], weighed: Set[tuple[str, str]] = frozenset()) -> int:
    """How many values are left if those that are linked by slips or by a pair of `weighed` count as one."""
    waiting, count = set(values), 0
    while waiting:
        count += 1
        chain = [waiting.pop()]
        while chain:
            value = chain.pop()
            near = {
                other
                for other in waiting
                if is_slip(value, other) or (value, other) in weighed or (other, value) in weighed
            }
            waiting -= near
            chain += near
    return count


def are_namesakes(a: Group, b: Group) -> bool:
    """Two groups that share no contact and no birth date, and differ in two of e-mail, phone and birth date (in all
    three where a group is not held by an identifier or a contact of its own)."""
    differences = 0
    for own_a, own_b, all_a, all_b in zip(a.own, b.own, a.contacts, b.contacts, strict=True):
        if not all_a.isdisjoint(all_b):
            return False
        differences += bool(own_a and own_b)
    if a.birth_dates and b.birth_dates:
        if any(dates_alike(x, y) for x in a.birth_dates for y in b.birth_dates):
            return False
        differences += 1
    return differences >= (2 if a.is_held and b.is_held else 3)


@dataclass(slots=True)
class Component:
    """One broken component: its edges, the pairs that must not meet, and what each record holds."""

    edges: list[Edge]
    """Strongest first."""
    conflicts: dict[int, set[int]]
    judged_apart: dict[int, set[int]]
    records: dict[int, Group]
    limits: dict[str, int]
    """Reason if broken → how many distinct values one person may have."""
    max_records: int
    typed: frozenset[str] = frozenset()
    """Reasons under which values one slip apart count as one."""
    weighed: Mapping[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)
    """(reason, namespace) of a typed kind → values of which a score knew when it accepted two records: they count as
    one."""
    tells_namesakes: bool = True

    def single(self, node: int) -> Group:
        """A fresh group of one record."""
        group = Group(members={node})
        if node in self.records:
            group.absorb(self.records[node])
        return group

    def refusal(self, a: Group, b: Group, rank: int) -> str | None:
        """Why an edge of `rank` may not make one person of two groups, or None."""
        small, large = (a, b) if len(a.members) <= len(b.members) else (b, a)
        if _meet(small, large, self.judged_apart):
            return "judged_apart"
        if rank == 0:
            return None
        if _meet(small, large, self.conflicts):
            return "conflict"
        broken = [key[0] for key in small.limited.keys() & large.limited.keys() if self._exceeds(key, small, large)]
        if broken:
            return min(broken)
        if len(a.members) + len(b.members) > self.max_records:
            return "cap:records"
        return "namesakes" if self.tells_namesakes and rank > 1 and are_namesakes(a, b) else None

    def _exceeds(self, key: tuple[str, str], a: Group, b: Group) -> bool:
        x, y = a.limited[key], b.limited[key]
        # a record or a judgement may break the limit by itself: what adds no value is no further breach
        return self._count(key, x | y) > max(self.limits[key[0]], self._count(key, x), self._count(key, y))

    def _count(self, key: tuple[str, str], values: set[str]) -> int:
        return count_typed(values, self.weighed.get(key, frozenset())) if key[0] in self.typed else len(values)

    def build(self, without: Set[Edge]) -> tuple[dict[int, Group], dict[Edge, str]]:
        """Groups by record, and the edges that join two of them with the reason why they were left out.

        A person's link joins two groups as the other edges build them, whatever rule speaks against it: rules are held
        against groups without such links (`plain`), so that a link never tears its own two profiles apart.
        """
        nodes = {node for edge in self.edges for node in (edge.left, edge.right)}
        group = {node: self.single(node) for node in nodes}
        is_linked = any(edge.rank == 0 for edge in self.edges)
        plain = {node: self.single(node) for node in nodes} if is_linked else group
        pending = [edge for edge in self.edges if edge not in without]
        while True:
            left_out: dict[Edge, str] = {}
            merged = False
            for edge in pending:
                a, b = group[edge.left], group[edge.right]
                x, y = plain[edge.left], plain[edge.right]
                if x is y or (a is b and edge.rank == 0):
                    continue
                reason = None if a is b else self.refusal(a, b, 0)
                if reason is None and edge.rank > 0:
                    reason = self.refusal(x, y, edge.rank)
                if reason:
                    left_out[edge] = reason
                    continue
                merged = True
                if edge.rank > 0 and is_linked:
                    _join(plain, x, y, edge.rank)
                if a is not b:
                    _join(group, a, b, edge.rank)
            pending = [edge for edge in left_out if group[edge.left] is not group[edge.right]]
            # a later merge may bring the very contact that an earlier edge lacked: then it is tried again
            if not merged or not pending:
                return group, {edge: left_out[edge] for edge in pending}

    def undecided(self, group: dict[int, Group], left_out: dict[Edge, str], without: Set[Edge]) -> set[Edge]:
        """Edges of groups that fit two profiles equally well: such a group goes to neither. Several such groups stay
        together by the edges between them, which lead to neither of the two."""
        found: set[Edge] = set()
        adrift: set[int] = set()
        inside: dict[int, list[Edge]] = {}
        for edge in self.edges:
            if edge not in without and group[edge.left] is group[edge.right]:
                inside.setdefault(edge.left, []).append(edge)
                inside.setdefault(edge.right, []).append(edge)
        for edge, reason in left_out.items():
            if edge.rank == 0 or reason.startswith("cap:"):
                continue
            for node, other in ((edge.left, edge.right), (edge.right, edge.left)):
                core, rivals = _core(node, edge, inside)
                if not rivals or rivals[0].rank != edge.rank or edge.clearly_stronger(rivals[0]):
                    continue
                alone = Group()
                for member in core:
                    alone.absorb(self.single(member))
                if self.refusal(alone, group[other], edge.rank) is None:
                    adrift |= core
                    found.update(rivals)
                    found.update(
                        e for e in left_out
                        if (e.left in core and e.right in group[other].members)
                        or (e.right in core and e.left in group[other].members)
                    )  # fmt: skip
        return {e for e in found if e.rank > 0 and not (e.left in adrift and e.right in adrift)}

    def resolve(self) -> tuple[dict[int, Group], dict[Edge, str]]:
        """The repaired groups by record, and every edge left out with its reason."""
        without: dict[Edge, str] = {}
        while True:
            group, left_out = self.build(without.keys())
            more = self.undecided(group, left_out, without.keys()) if left_out else set()
            if not more:
                break
            # namesakes stay apart when the record goes that told them apart
            without |= {edge: reason for edge, reason in left_out.items() if reason == "namesakes"}
            without |= dict.fromkeys(more, "undecided")
        left_out |= {edge: why for edge, why in without.items() if group[edge.left] is not group[edge.right]}
        return group, left_out


def _join(group: dict[int, Group], a: Group, b: Group, rank: int) -> None:
    """Make one group of `a` and `b` in `group` (record → group), by an edge of `rank`."""
    keep, gone = (a, b) if len(a.members) >= len(b.members) else (b, a)
    for node in gone.members:
        group[node] = keep
    keep.absorb(gone)
    keep.is_held |= rank < 2


def _meet(small: Group, large: Group, pairs: dict[int, set[int]]) -> bool:
    if not pairs:
        return False
    return any(not large.members.isdisjoint(pairs.get(node, ())) for node in small.members)


def _core(node: int, edge: Edge, inside: dict[int, list[Edge]]) -> tuple[set[int], list[Edge]]:
    """The records that edges clearly stronger than `edge` hold to `node`, and the edges from them to the rest of their
    group, strongest first."""
    core, waiting, outward = {node}, [node], []
    while waiting:
        at = waiting.pop()
        for e in inside.get(at, ()):
            if not e.clearly_stronger(edge):
                outward.append(e)
                continue
            for end in (e.left, e.right):
                if end not in core:
                    core.add(end)
                    waiting.append(end)
    return core, sorted({e for e in outward if (e.left in core) != (e.right in core)})
