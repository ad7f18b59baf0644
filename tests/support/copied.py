"""Certificates of an environment, and their copies in a product in memory."""

from provisioning_assets.backends.certificates import Held
from provisioning_assets.core.plan import Change, Plan
from provisioning_assets.operations import orders
from provisioning_assets.operations.issuing import Certificates
from tests.fakes.copies import MemoryCopies
from tests.support.certified import SCOPE, Certified


def only(copies: MemoryCopies) -> Held:
    (found,) = copies.held(SCOPE)
    return found


def planned(shop: Certified) -> Plan:
    return Certificates(shop.run()).plan()


def one(shop: Certified) -> Change:
    (change,) = planned(shop).changes
    return change


def counting_orders(shop: Certified) -> list[str]:
    ordered: list[str] = []
    issue = shop.authority.issue

    def counted(order: orders.Order) -> object:
        ordered.append(order.name)
        return issue(order)

    shop.authority.issue = counted
    return ordered
