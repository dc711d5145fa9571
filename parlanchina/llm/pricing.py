"""What a reply costs, from a dated table of list prices.

Owns the prices of well-known OpenAI models, in US dollars per million tokens, as they stood on `PRICES_AS_OF`:
the Standard tier of https://developers.openai.com/api/docs/pricing and of each model's page under
https://developers.openai.com/api/docs/models. Knows nothing of providers: ask only for replies that were paid
for at these prices.

The invariant: a price is known exactly or not at all. A model is matched by its whole name (OpenRouter's
`openai/` before it aside), a dated snapshot only where it is listed: gpt-4o-2024-05-13, say, cost more than
gpt-4o. What the usage does not show is left out, so the bill can be higher: pictures and other tools, and, from
GPT-5.6 on, the quarter that is added to the price of input when it is written to the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from parlanchina.messages import Usage

__all__ = ["PRICES_AS_OF", "cost"]

PRICES_AS_OF = date(2026, 10, 27)

_LONG_PROMPT = 272_000
"""Input tokens above which, where `long_prompts_cost_more`, input counts double and output half as much again."""


@dataclass(frozen=True, slots=True)
class _Price:
    """US dollars per million tokens."""

    input: float
    cached_input: float
    output: float
    long_prompts_cost_more: bool = False


_PRICES = {
    ("gpt-6-astra",): _Price(10, 1, 50, True),
    ("gpt-6.1-sol", "gpt-6.1-sol-2026-09-29"): _Price(2, 0.1, 10, True),
    ("gpt-6.1-terra",): _Price(1, 0.05, 5, True),
    ("gpt-6-sol",): _Price(2, 0.2, 10, True),
    ("gpt-6-luna",): _Price(0.1, 0.01, 0.5, True),
    ("gpt-5.6-terra",): _Price(2, 0.2, 12, True),
    ("gpt-5.6-luna",): _Price(0.2, 0.02, 1.2, True),
    ("gpt-5.5", "gpt-5.5-2026-04-23"): _Price(5, 0.5, 30, True),
    ("gpt-5.4", "gpt-5.4-2026-03-05"): _Price(2.5, 0.25, 15, True),
    ("gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"): _Price(0.75, 0.075, 4.5),
    ("gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"): _Price(0.2, 0.02, 1.25),
    ("gpt-5.2", "gpt-5.2-2025-12-11"): _Price(1.75, 0.175, 14),
    ("gpt-5.1", "gpt-5.1-2025-11-13"): _Price(1.25, 0.125, 10),
    ("gpt-5", "gpt-5-2025-08-07"): _Price(1.25, 0.125, 10),
    ("gpt-5-mini", "gpt-5-mini-2025-08-07"): _Price(0.25, 0.025, 2),
    ("gpt-5-nano", "gpt-5-nano-2025-08-07"): _Price(0.05, 0.005, 0.4),
    ("gpt-4.1", "gpt-4.1-2025-04-14"): _Price(2, 0.5, 8),
    ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"): _Price(0.4, 0.1, 1.6),
    ("gpt-4o", "gpt-4o-2024-11-20", "gpt-4o-2024-08-06"): _Price(2.5, 1.25, 10),
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"): _Price(0.15, 0.075, 0.6),
}
_BY_NAME = {name: price for names, price in _PRICES.items() for name in names}


def cost(model: str, usage: Usage) -> float | None:
    """US dollars for one call, unrounded; `None` where the price is not known.

    The demo model's is not known either: it has no price, and a zero in the meter would read as a model that
    is free.
    """
    price = _BY_NAME.get(model.removeprefix("openai/"))
    if price is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)  # some servers count the cached ones apart
    incoming = (usage.input_tokens - cached) * price.input + cached * price.cached_input
    outgoing = usage.output_tokens * price.output
    if price.long_prompts_cost_more and usage.input_tokens > _LONG_PROMPT:
        incoming, outgoing = incoming * 2, outgoing * 1.5
    return (incoming + outgoing) / 1_000_000
