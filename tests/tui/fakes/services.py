"""Services that are ready, or still need their keys; what is wished for their lanes is only noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fluxtui.domain.facts import Abilities, ModelFacts, SizeFacts
from fluxtui.domain.money import Price, usd
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.doors.services import KeyFact, Model, Service, ServiceView


def model(target: str, bears: int = 8) -> Model:
    """Return a model as a catalog tells of it."""
    facts = ModelFacts(
        target.partition("/")[2],
        1,
        Price.exactly(usd("0.04")),
        seconds=8.0,
        sizes=SizeFacts("256 to 1440 a side", "pixels"),
        abilities=Abilities(True, False, False, True, 2, False),
        parameters=("output_format",),
        note="[b]quick[/b]",
    )
    return Model(target, target, bears, facts)


AZURE = Service(
    "azure-flux",
    "Azure Flux",
    "FLUX on Azure AI Foundry",
    "ready",
    (),
    None,
    (model("azure-flux/FLUX-1.1-pro", 6),),
    (
        KeyFact("AZURE_FLUX_ENDPOINT", "https://pictures.example", True, False, ".env, line 2"),
        KeyFact("AZURE_FLUX_API_KEY", "set (not shown)", True, True, ".env, line 3"),
    ),
)
BFL = Service(
    "bfl",
    "Black Forest Labs",
    "FLUX where it is made",
    "ready",
    (),
    None,
    (model("bfl/flux-2-pro", 24), model("bfl/flux-pro-1.1", 24)),
    (KeyFact("BFL_FLUX_API_KEY", "set (not shown)", True, True, "the environment"),),
)
FAL = Service(
    "fal",
    "fal.ai",
    "Many models behind one door",
    "unconfigured",
    ("FAL_KEY",),
    None,
    (model("fal/flux-dev"),),
    (KeyFact("FAL_KEY", "not set", False, True, ""),),
)


@dataclass
class FakeServices:
    """`asked` keeps what was asked for, in order."""

    ready: bool = True
    services: tuple[Service, ...] = (AZURE, BFL, FAL)
    problem: FluxtuiError | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def states(self) -> tuple[ServiceView, ...]:
        missing = () if self.ready else ("AZURE_FLUX_ENDPOINT", "AZURE_FLUX_API_KEY")
        state = "ready" if self.ready else "not configured"
        return (
            ServiceView("azure-flux", "Azure Flux", self.ready, state, missing, ("FLUX-1.1-pro",)),
            ServiceView("bfl", "Black Forest Labs", False, "not configured", ("BFL_FLUX_API_KEY",), ()),
        )

    def overview(self) -> tuple[Service, ...]:
        if self.problem is not None:
            raise self.problem
        return self.services

    async def enable(self, lanes: Sequence[str], enabled: bool, *, go_on: bool = False) -> None:
        self._note("enable" if enabled else "disable", *lanes, *(("go on",) if go_on else ()))

    async def limit(self, lanes: Sequence[str], most: int | None) -> None:
        self._note("limit", *lanes, most)

    async def reset(self, lanes: Sequence[str]) -> None:
        self._note("reset", *lanes)

    async def check(self, service: str) -> None:
        self._note("check", service)

    def _note(self, *asked: object) -> None:
        self.asked.append(asked)
        if self.problem is not None:
            raise self.problem
