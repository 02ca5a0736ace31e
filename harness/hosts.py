"""What a run is told of other hosts: how many workers come from there, where to, and what follows when one is lost."""

import ipaddress
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Hosts:
    """Where nothing is told all of a run is on this machine."""

    elsewhere: int = 0  # workers of the load generator that come from other hosts
    address: str = LOOPBACK  # where its master listens
    port: int = 0  # 0: a free one
    goes_on: bool = True  # when a worker is lost, with those who remain

    @property
    def is_on_loopback(self) -> bool:
        """Whether nobody else reaches that address."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def servers_at(self) -> str:
        """The address that servers of this machine listen on: one that the workers reach."""
        return self.address if self.elsewhere else LOOPBACK


AT_HOME = Hosts()
