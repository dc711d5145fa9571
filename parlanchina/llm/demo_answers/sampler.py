"""How a wording is drawn: the arithmetic of temperature and top p, on a handful of prepared phrases.

A real model draws each token from thousands of candidates; the demo model draws each wording from three or four.
The rule is the same, so turning the parameters shows what they do.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import accumulate

__all__ = ["Sampler"]


class Sampler:
    """Draws one of several wordings; at temperature 0 or `None` always the first, without using `chance`."""

    def __init__(
        self, chance: random.Random, *, temperature: float | None = None, top_p: float | None = None
    ) -> None:
        self.chance = chance
        self._temperature = temperature or 0.0
        self._top_p = 1.0 if top_p is None else top_p

    def pick(self, options: Sequence[str]) -> str:
        """Draw one option; they are given the likeliest first.

        Option k scores minus k, so its weight is exp(-k / temperature). Of these, `top_p` keeps the fewest
        that together reach its share of the whole (always at least one).
        """
        if not self._temperature > 0:
            return options[0]
        weights = [math.exp(-rank / self._temperature) for rank in range(len(options))]
        needed = self._top_p * sum(weights)
        kept = 1 + sum(total < needed for total in accumulate(weights[:-1]))
        return self.chance.choices(options[:kept], weights[:kept])[0]
