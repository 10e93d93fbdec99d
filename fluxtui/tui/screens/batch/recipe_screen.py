"""The recipe of a batch as text."""

from collections.abc import Mapping

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from fluxtui.domain.values import JsonValue
from fluxtui.engine.files import BatchFileError, parse_recipe, recipe_text
from fluxtui.tui import keymap
from fluxtui.tui.editing.axes import many

_TRUTH = "Kept with the batch and with each of its runs; nothing of it is carried out yet."
_LARGEST = 1024 * 1024  # characters that are checked at every key


class RecipeScreen(ModalScreen[tuple[dict[str, JsonValue] | None] | None]):
    """Answers with the recipe (None in it for no recipe), or None when it was left."""

    CSS_PATH = "frame.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.RECIPE))
    HELP = (
        "The recipe says in YAML what is to follow a picture. It is checked and kept: in the batch, in its file, and"
        " with every run that is made of it. This version of fluxtui carries no step of it out. Comments are not kept."
    )

    text = getters.query_one(TextArea)

    def __init__(self, recipe: Mapping[str, JsonValue] | None) -> None:
        super().__init__()
        self._began = recipe_text(recipe)
        self._read = None if recipe is None else dict(recipe)
        self._warned = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="card tall") as card:
            card.border_title = Content(" Recipe ")
            card.border_subtitle = Content(" ctrl+s keep   esc back ")
            yield Static(Content.styled(_TRUTH, "$muted"), markup=False)
            yield TextArea(self._began, id="recipe", compact=True, soft_wrap=False, highlight_cursor_line=False)
            yield Static("", id="sum", markup=False)

    def on_mount(self) -> None:
        self.text.focus()
        self.check()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._warned = False
        self.check()

    def check(self) -> bool:
        """Show what is wrong with the text; returns whether it can be kept."""
        text = self.text.text
        if len(text) > _LARGEST:
            self._say(f"{len(text):,} characters are too many for a recipe.", "error")
            return False
        try:
            if text != self._began:  # what was not touched stays as it is
                self._read = parse_recipe(text)
        except BatchFileError as error:
            finding = error.findings[0]
            line = "" if finding.line is None else f"Line {finding.line}: "
            self._say(f"{line}{finding.message}. {finding.advice}.", "error")
            return False
        entries = 0 if self._read is None else len(self._read)
        self._say("no recipe" if self._read is None else many(entries, "step"), "muted")
        return True

    def _say(self, words: str, color: str) -> None:
        glyph = {"error": "✗ ", "warning": "▲ "}.get(color, "")
        self.query_one("#sum", Static).update(Content.styled(f"{glyph}{words}", f"${color}"))

    def action_keep(self) -> None:
        if self.check():
            self.dismiss((self._read,))
        else:
            self.app.bell()

    def action_leave(self) -> None:
        if self.text.text != self._began and not self._warned:
            self._warned = True
            self._say("Not kept yet: ctrl+s keeps it; leave again to lose it.", "warning")
        else:
            self.dismiss(None)
