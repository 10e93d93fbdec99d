"""The first screen of a workspace that holds nothing yet: try the sandbox, or set keys, or open a batch."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui import faces, keymap
from fluxtui.tui.doors.services import ServiceView
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.work import begin, in_thread

LOGO = (
    "▗▄▄▄▖▗▖   ▗▖ ▗▖▗▖  ▗▖",
    "▐▌   ▐▌   ▐▌ ▐▌ ▝▚▞▘ ",
    "▐▛▀▀▘▐▌   ▐▌ ▐▌  ▐▌  ",
    "▐▌   ▐▙▄▄▖▝▚▄▞▘▗▞▘▝▚▖",
)


class WelcomeScreen(CockpitScreen):
    """Says what can be done first, and which services are ready."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.WELCOME)
    PARTS = ("#words",)
    HELP: ClassVar[str] = (
        "This workspace holds no runs yet. The sandbox plays every service on this machine: no key, no network, no"
        " money; its pictures are painted. Real services need their keys in the environment or in .env."
    )

    def __init__(self) -> None:
        super().__init__()
        self._services: tuple[ServiceView, ...] = ()

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="card"):
            yield Static(self._words(), id="words", markup=False)

    def settle_in(self) -> None:
        begin(self, self._read_services, group="services")

    @property
    def services_read(self) -> bool:
        """Whether the screen says by now which services are ready."""
        return bool(self._services)

    async def _read_services(self) -> None:
        try:
            self._services = await in_thread(self.app.engine.services.states)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return
        if self.standing:
            self.query_one("#words", Static).update(self._words())

    def _words(self) -> Content:
        logo = Content("\n").join(Content.styled(line, "$primary") for line in LOGO)
        lines = [logo, Content.styled("Many prompts, many services, every picture once.", "$muted"), Content("")]
        if not self.app.sandbox:
            lines.append(self._key("s", "try the sandbox", "an example, without keys or money"))
        lines.append(self._key("^o", "open a batch", "a file of prompts"))
        lines.append(self._key("k", "where keys go", "the variables that each service needs"))
        if self._services:
            lines += [Content(""), Content.styled("services", "$muted")]
            lines += [self._service(service) for service in self._services]
        lines += [Content(""), Content.styled(f"workspace  {faces.one_line(str(self.app.workspace), 200)}", "$muted")]
        return Content("\n").join(lines)

    def _key(self, key: str, what: str, why: str) -> Content:
        return Content.assemble((f"{key:>3}  ", "bold $primary"), (f"{what:<18}", "bold"), (why, "$muted"))

    def _service(self, service: ServiceView) -> Content:
        if service.ready:
            models = len(service.models)
            state = Content.styled(f"✓ ready, {models} model{'' if models == 1 else 's'}", "$success")
        elif service.missing:
            state = Content.styled(f"· needs {', '.join(service.missing)}", "$muted")
        else:
            state = Content.styled(f"– {service.state}", "$muted")
        return Content.assemble(f"     {service.title:<18}") + state

    def action_sandbox(self) -> None:
        app = self.app
        app.enter_sandbox()
        try:
            example = app.engine.batches.example()
        except FluxtuiError as error:
            app.tell_problem(error.problem)
            return
        app.open_batch(example, start=True)

    def action_where_keys(self) -> None:
        self.app.push_screen(PaperScreen("Where keys go", keys_paper(self._services, Path.cwd())))


def keys_paper(services: tuple[ServiceView, ...], folder: Path) -> Content:
    """Return where each service's keys go, and which are still missing."""
    lines = [
        Content(
            f"Put them in the environment, or in a file named .env in {folder}. They stay on this machine: they are"
            " sent only to the service they belong to, and are never written to the history or the logs."
        )
    ]
    for service in services:
        lines.append(Content(""))
        lines.append(Content.assemble((service.title, "bold"), (f"  {service.state}", "$muted")))
        if service.missing:
            lines += [Content.assemble(("  ", ""), (f"{name}=…", "$primary")) for name in service.missing]
        else:
            lines.append(Content.styled("  nothing is missing", "$muted"))
    lines += [Content(""), Content.styled("Every variable is explained in .env.example.", "$muted")]
    return Content("\n").join(lines)
