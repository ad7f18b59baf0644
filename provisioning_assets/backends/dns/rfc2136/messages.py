"""UPDATE messages (RFC 2136): changes, each guarded by its own RRset, in as few messages as possible."""

from collections.abc import Callable, Iterator, Sequence

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.update

from provisioning_assets.backends.dns.records import parsed
from provisioning_assets.backends.dns.rfc2136.server import Transfer
from provisioning_assets.core.plan import Change
from provisioning_assets.errors import ProviderFailed

_AT_MOST = 65535 // 24
"""Upper limit of the changes in one message, if each were as short as possible."""


def messages_of(
    zone: str,
    groups: Sequence[Sequence[Change]],
    known: Transfer,
    fits: Callable[[dns.update.UpdateMessage], bool],
) -> Iterator[tuple[list[Change], dns.update.UpdateMessage]]:
    """One message, or halves, halved again until each fits; a group stays together."""
    changes = [change for group in groups for change in group]
    if not changes:
        return
    if len(changes) <= _AT_MOST and fits(message := _message(zone, changes, known)):
        yield changes, message
    elif len(groups) == 1:
        where, remedy = changes[0].address, "make it smaller"
        raise ProviderFailed("a record is too large for a DNS message", where=where, remedy=remedy)
    else:
        for half in (groups[: len(groups) // 2], groups[len(groups) // 2 :]):
            yield from messages_of(zone, half, known, fits)


def _message(zone: str, changes: Sequence[Change], known: Transfer) -> dns.update.UpdateMessage:
    """A message with the changes; the known RRset of each is its prerequisite."""
    message, apex = dns.update.UpdateMessage(zone), dns.name.from_text(zone)
    for change in changes:
        name, kind, values = _read(change)
        if not name.is_subdomain(apex):
            raise ProviderFailed(f"a record lies outside {zone}", where=change.address, remedy="correct its name")
        before = known.rdatasets.get((name, kind))
        if before is None:
            message.absent(name, kind)
        else:
            message.present(name, *before)  # as the server has it, with the same strings of a TXT
            message.delete(name, kind)
        if change.after:
            message.add(name, change.after["ttl"], *values)
    return message


def _read(change: Change) -> tuple[dns.name.Name, dns.rdatatype.RdataType, list[dns.rdata.Rdata]]:
    owner, _, kind = change.address.rpartition(" ")
    try:
        values = [parsed(value, kind) for value in change.after["values"]] if change.after else []
        return dns.name.from_text(owner), dns.rdatatype.from_text(kind), values
    except dns.exception.DNSException as error:
        what = "a record cannot be read"
        raise ProviderFailed(what, where=change.address, cause=str(error), remedy="correct it") from None
