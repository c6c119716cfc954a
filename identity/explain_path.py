"""The most convincing path of edges between two records of one cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# A judgement beats an identifier beats a score.
_RANK = {"steward": 2, "identifier": 1}


@dataclass(frozen=True)
class Edge:
    """A row of table ``edges``; weight in bits."""

    record_id_l: str
    record_id_r: str
    kind: str
    rule: str
    match_weight: float | None
    match_probability: float | None

    @property
    def strength(self) -> tuple[int, float]:
        """Sorts edges from weak to strong. Only scores are told apart by their weight."""
        rank = _RANK.get(self.kind, 0)
        return rank, 0.0 if rank else (self.match_weight or 0.0)


def best_path(edges: Iterable[Edge], start: str, goal: str) -> list[Edge]:
    """The path from `start` to `goal` whose weakest edge is strongest; among these the shortest, then the strongest.

    Returns the edges in walking order, each turned so that its left record is the nearer one; empty if there is no
    path. The result does not depend on the order of `edges`.
    """
    ordered = sorted(edges, key=lambda e: (-e.strength[0], -e.strength[1], e.record_id_l, e.record_id_r))
    floor = _bottleneck(ordered, start, goal)
    if floor is None:
        return []
    near: dict[str, list[Edge]] = {}
    for edge in ordered:
        if edge.strength >= floor:
            near.setdefault(edge.record_id_l, []).append(edge)
            near.setdefault(edge.record_id_r, []).append(_turned(edge))
    # Ring by ring; a record is reached by the best of the edges into it, so the sorted order decides ties.
    came_by: dict[str, Edge] = {}
    total: dict[str, tuple[int, float]] = {start: (0, 0.0)}
    ring = [start]
    while goal not in came_by and ring:
        reached: dict[str, tuple[tuple[int, float], Edge]] = {}
        for node in ring:
            for edge in near.get(node, ()):
                if edge.record_id_r in total:
                    continue
                score = (total[node][0] + edge.strength[0], total[node][1] + edge.strength[1])
                best = reached.get(edge.record_id_r)
                if best is None or (score, best[1].record_id_l) > (best[0], edge.record_id_l):
                    reached[edge.record_id_r] = (score, edge)
        ring = sorted(reached)
        for node, (score, edge) in reached.items():
            total[node], came_by[node] = score, edge
    path: list[Edge] = []
    node = goal
    while node != start:
        path.append(came_by[node])
        node = came_by[node].record_id_l
    return path[::-1]


def _turned(edge: Edge) -> Edge:
    return Edge(
        edge.record_id_r, edge.record_id_l, edge.kind, edge.rule, edge.match_weight, edge.match_probability
    )  # fmt: skip


def _bottleneck(ordered: list[Edge], start: str, goal: str) -> tuple[int, float] | None:
    """Strength of the edge that first connects the two when edges are added from strong to weak."""
    root: dict[str, str] = {}

    def find(node: str) -> str:
        while root.setdefault(node, node) != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for edge in ordered:
        root[find(edge.record_id_l)] = find(edge.record_id_r)
        if find(start) == find(goal):
            return edge.strength
    return None
