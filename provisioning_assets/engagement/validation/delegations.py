"""Delegations: below a name that is handed to other servers, this zone answers nothing but where these are."""

from collections.abc import Collection, Iterator

from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.sections import Record
from provisioning_assets.engagement.validation.records import inside


def handed_over(environment: Environment) -> dict[str, Record]:
    """Each absolute name that the zone hands to other servers, with the record that does so."""
    zone = environment.dns.zone
    return {f"{each.name}.{zone}": each for each in environment.dns.records if each.type == "NS" and each.name != "@"}


def delegation_problems(environment: Environment) -> Iterator[Wrong]:
    """Records that nobody is answered, and servers that nobody can reach."""
    zone, cuts = environment.dns.zone, handed_over(environment)
    addresses = {f"{each.name}.{zone}" for each in environment.dns.records if each.type in {"A", "AAAA"}}
    for position, record in enumerate(environment.dns.records):
        place, name = ("dns", "records", position), f"{record.name}.{zone}"
        cut = cut_of(name, cuts)
        if cut is None:
            continue
        servers = {value.removesuffix(".").lower() for value in cuts[cut].values}
        if record.type == "NS" and name == cut:
            for number, value in enumerate(record.values):
                server = value.removesuffix(".").lower()
                if inside(server, cut) and server not in addresses:
                    what = f"{value} lies below {cut}, and only its own servers know its address"
                    yield Wrong((*place, "values", number), what, "its A or AAAA record here, too")
        elif record.type not in {"A", "AAAA"} or record.alias is not None or name not in servers:
            what = (
                f"{cut} is handed to other servers, so that nobody is answered {record.name} {record.type} of this zone"
            )
            yield Wrong(place, what, "no such record; here stand only the addresses of those servers")


def cut_of(name: str, cuts: Collection[str]) -> str | None:
    """The uppermost name at or above this one that is handed over."""
    return min((cut for cut in cuts if inside(name, cut)), key=len, default=None)
