"""How a benchmark says what it found: the machine, and Markdown tables of ours beside the plain chat."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Line", "machine", "print_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measure; None stands for what never arrived."""

    measure: str
    ours: float | None
    plain: float | None = None
    unit: str = "s"
    times_less: float | None = None
    """The goal, if it is about the plain chat: this many times less than there."""
    at_most: float | None = None
    """The goal, if it is about ours alone."""

    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        ratio = f"{self.plain / self.ours:.1f}" if self.ours and self.plain and math.isfinite(self.plain) else "—"
        return self.measure, self._number(self.ours), self._number(self.plain), ratio, self._goal()

    def _goal(self) -> str:
        if self.times_less is not None:
            goal = f"{self.times_less:g} times less"
            met = self.ours is not None and (self.plain is None or self.ours * self.times_less <= self.plain)
        elif self.at_most is not None:
            goal = f"at most {self.at_most:g} {self.unit}".rstrip()
            met = self.ours is not None and self.ours <= self.at_most
        else:
            return ""
        return f"{goal}: {'met' if met else '**missed**'}"

    def _number(self, value: float | None) -> str:
        if value is None or math.isinf(value):
            return "never" if self.unit == "s" else "—"
        if self.unit == "kB":
            return f"{value / 1_000:,.0f} kB"
        return f"{value:,.2f} {self.unit}".rstrip()


def machine() -> str:
    """The day and the class of machine."""
    kind = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists():
        names = [line.partition(":")[2].strip() for line in about.read_text().splitlines() if "model name" in line]
        kind = names[0] if names else kind
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({kind}), Python {platform.python_version()}"


def print_table(title: str, lines: Iterable[Line]) -> None:
    """Print one table."""
    print(f"\n{title}\n")
    print("| | Parlanchina | plain chat | plain ÷ ours | goal |")
    print("|---|--:|--:|--:|---|")
    for line in lines:
        print(f"| {' | '.join(line.cells())} |", flush=True)
