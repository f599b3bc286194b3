"""Up to when a message tells what changed, also where the server writes no publish time."""

from typing import Any

from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.subscription import MachineSubscription


def subscription() -> MachineSubscription:
    session: Any = object()
    types: StructureTypes = object()  # type: ignore[assignment]
    return MachineSubscription(session, 100, [], types)


def message(
    answered_ns: int | None, published_ns: int | None = None, *, more: bool = False
) -> Publication:
    return Publication(1, 1, published_ns, more, (), answered_ns=answered_ns)


def test_a_publish_time_counts_whatever_the_answers_say() -> None:
    made = subscription()
    assert made.told_until_ns(message(50, 40)) == 40
    assert made.told_until_ns(message(70, 60)) == 60


def test_without_one_a_message_tells_what_changed_before_the_answer_before_it() -> None:
    made = subscription()
    assert made.told_until_ns(message(50)) is None, "it may have waited since the session was away"
    assert made.told_until_ns(message(70)) == 50
    assert made.told_until_ns(message(90)) == 70


def test_what_waited_for_a_request_tells_nothing_of_the_time_it_waited() -> None:
    made = subscription()
    made.told_until_ns(message(50))
    assert made.told_until_ns(message(70, more=True)) == 50
    assert made.told_until_ns(message(71, more=True)) is None
    assert made.told_until_ns(message(72)) is None
    assert made.told_until_ns(message(90)) == 72


def test_an_answer_without_a_date_tells_nothing() -> None:
    made = subscription()
    made.told_until_ns(message(50))
    assert made.told_until_ns(message(None)) == 50
    assert made.told_until_ns(message(90)) is None
