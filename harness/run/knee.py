"""The search for a server's knee: the highest rate at which its tail stays short.

Doubling until a rate doesn't hold, bisection on the logarithm until it is known well enough, then a confirmation by a
window of its own: of many looks the luckiest would else be taken for the truth. Knows nothing of servers.
"""

LOWEST_RPS = 1.0
HIGHEST_RPS = 10_000_000.0
CONFIRMATIONS = 4


class Search:
    """Ask for `rate_rps`, try it, `tell` whether it held; until `over`."""

    def __init__(self, start_rps: float, within: float) -> None:
        self.rate_rps = start_rps
        self.phase = "search"
        self.over = False
        self.found_rps: float | None = None  # None: no rate held
        self._within = within
        self._held: float | None = None
        self._too_much: float | None = None
        self._confirmations = 0

    def tell(self, held: bool) -> None:
        """The last rate held, or it didn't."""
        if self.phase == "confirm":
            self._confirm(held)
            return
        if held:
            self._held = self.rate_rps
        else:
            self._too_much = self.rate_rps
        if self._held is None:
            self.rate_rps /= 2
            self.over = self.rate_rps < LOWEST_RPS
        elif self._too_much is None:
            self.rate_rps *= 2
            self.over = self.rate_rps > HIGHEST_RPS
        elif self._too_much / self._held > 1 + self._within:
            self.rate_rps = (self._held * self._too_much) ** 0.5
        else:
            self.phase, self.rate_rps = "confirm", self._held

    def _confirm(self, held: bool) -> None:
        self._confirmations += 1
        if held:
            self.found_rps, self.over = self.rate_rps, True
        elif self._confirmations == CONFIRMATIONS:
            self.over = True
        else:
            self.rate_rps /= 1 + self._within
