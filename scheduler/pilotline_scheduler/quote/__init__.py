"""Quote: earliest and best slots for new runs in a published plan, without moving a promise."""

from pilotline_scheduler.quote.desk import QuoteDesk
from pilotline_scheduler.quote.offer import Aim, Hindrance, Option, Quote, QuotedSlot, Rule
from pilotline_scheduler.quote.rates import Rates, Series

__all__ = [
    "Aim",
    "Hindrance",
    "Option",
    "Quote",
    "QuoteDesk",
    "QuotedSlot",
    "Rates",
    "Rule",
    "Series",
]
