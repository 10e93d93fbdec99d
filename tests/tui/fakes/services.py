"""Services that are ready, or still need their keys."""

from dataclasses import dataclass

from fluxtui.tui.doors.services import ServiceView


@dataclass
class FakeServices:
    ready: bool = True

    def states(self) -> tuple[ServiceView, ...]:
        missing = () if self.ready else ("AZURE_FLUX_ENDPOINT", "AZURE_FLUX_API_KEY")
        state = "ready" if self.ready else "not configured"
        return (
            ServiceView("azure-flux", "Azure Flux", self.ready, state, missing, ("FLUX-1.1-pro",)),
            ServiceView("bfl", "Black Forest Labs", False, "not configured", ("BFL_FLUX_API_KEY",), ()),
        )
