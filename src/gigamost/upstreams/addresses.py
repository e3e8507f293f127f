"""Which IP addresses are the public internet: an own table, because `ipaddress.is_global` differs by Python version.

Everything is refused that the IANA special-purpose registries do not call globally reachable, and of IPv6 everything
outside 2000::/3. A v4 address inside a v6 one is judged itself where it is the one that answers (mapped, NAT64).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry
_CLOSED_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; 0.0.0.0 reaches loopback
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT, also metadata of some clouds
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, cloud metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # class E and broadcast
        ),
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry
_UNICAST_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
# Interface identifiers of ISATAP (RFC 5214): the v4 address of a tunnel's end stands in the last 32 bits.
_ISATAP = (0x00005EFE, 0x02005EFE)


def unwrapped(address: Address) -> Address:
    """The v4 address that answers for a mapped (::ffff:0:0/96) or NAT64 (RFC 6052) one, else the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(address.packed[12:])
    return address


def is_global(address: Address) -> bool:
    """Whether the address is a public one. Tunnels (6to4, Teredo, ISATAP, v4-compatible, local-use NAT64) are not,
    whatever they wrap: no public server lives there, and where they end is the local network's choice."""
    if getattr(address, "scope_id", None) is not None:
        return False
    address = unwrapped(address)
    if isinstance(address, IPv4Address):
        return not _within(address, _CLOSED_V4)
    tunnelled = int(address) >> 32 & 0xFFFFFFFF in _ISATAP
    return address in _UNICAST_V6 and not tunnelled and not _within(address, _CLOSED_V6)


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether the gateway may connect there: public, or in a network that the operator listed."""
    return is_global(address) or _within(unwrapped(address), allowed)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
