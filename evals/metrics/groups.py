"""A metric by group of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupReport:
    """A metric's mean over each group of users."""

    means: Mapping[str, float]
    sizes: Mapping[str, int]
    """Users that the mean is over."""
    difference: float | None
    """Largest minus smallest mean; None with fewer than two groups."""
    ratio: float | None
    """Smallest over largest mean; None with fewer than two groups or when the largest is 0."""


def by_group(values: Sequence[float | None], groups: Sequence[str]) -> GroupReport:
    """Mean of a per-user metric over each group, with the gap between groups (as fairlearn's ``MetricFrame`` has it).

    ``values`` and ``groups`` are parallel. Users without a value are left out. Empty case: a group without any value is
    not in the report.
    """
    members: dict[str, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        if value is not None:
            members.setdefault(group, []).append(value)
    means = {group: sum(found) / len(found) for group, found in sorted(members.items())}
    sizes = {group: len(found) for group, found in sorted(members.items())}
    if len(means) < 2:
        return GroupReport(means=means, sizes=sizes, difference=None, ratio=None)
    low, high = min(means.values()), max(means.values())
    return GroupReport(means=means, sizes=sizes, difference=high - low, ratio=low / high if high > 0 else None)
