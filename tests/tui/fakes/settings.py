"""Settings as some files would give them, and workspaces that are only told of."""

from dataclasses import dataclass, field
from pathlib import Path

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.workspaces import WorkspaceFacts, look_at
from fluxtui.tui.doors.settings import Report, Variable

VARIABLES = (
    Variable("AZURE_FLUX_ENDPOINT", "https://pictures.services.ai.azure.com", True, False, ".env", ".env, line 2",
             "Azure Flux", "The full image generation URL."),
    Variable("AZURE_FLUX_API_KEY", "", True, True, ".env", ".env, line 3", "Azure Flux", "The resource's key."),
    Variable("BFL_FLUX_API_KEY", "", False, True, "default", "", "Black Forest Labs", "The key of api.bfl.ai."),
    Variable("OUTPUT_ROOT_DIR", "output", False, False, "default", "", "Output", "The workspace."),
    Variable("LOG_LEVEL", "DEBUG", True, False, "environment", "the environment", "The program", "How much is logged."),
    Variable("FLUXTUI_THEME", "not set", False, False, "default", "", "The program", "The cockpit's theme."),
    Variable("FLUXTUI_IMAGES", "auto", False, False, "default", "", "The program", "How pictures are shown."),
)  # fmt: skip


@dataclass
class FakeSettings:
    """`reports` are given one after the other, the last one for ever; an error among them is raised."""

    reports: list[Report | FluxtuiError] = field(default_factory=lambda: [Report(VARIABLES)])
    asked: int = 0
    forgotten: int = 0

    def report(self) -> Report:
        answer = self.reports[min(self.asked, len(self.reports) - 1)]
        self.asked += 1
        if isinstance(answer, FluxtuiError):
            raise answer
        return answer

    def forget(self) -> None:
        self.forgotten += 1

    def workspace(self, folder: Path) -> WorkspaceFacts:
        return look_at(folder)
