"""Why an address was not taken, as a value with words that can be counted."""


class Fault(Exception):  # noqa: N818 - a finding about an address, listed in the report
    """`reason` is what many addresses may share, in words that go on from "the address"; `detail`
    is of this one.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Passing(Fault):
    """What may be different in a moment. `pause` is what the host asked for, in seconds; `silent`
    where it said nothing at all.
    """

    def __init__(
        self, reason: str, detail: str = "", *, pause: float | None = None, silent: bool = False
    ) -> None:
        super().__init__(reason, detail)
        self.pause = pause
        self.silent = silent
