"""The Batch screen's ways to what frames the tasks: axes, repeat, defaults, recipe."""

from fluxtui.domain.values import JsonValue
from fluxtui.tui import keymap
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.screens.batch.files import FileLife
from fluxtui.tui.screens.batch.frame_screen import FrameScreen
from fluxtui.tui.screens.batch.recipe_screen import RecipeScreen


class Framing(FileLife):
    """A Batch screen whose frame is edited in dialogs. What they answer is one step that can be undone."""

    BINDINGS = keymap.bindings(keymap.FRAME)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("edit_axes", "edit_recipe"):
            return self.desk.document is not None
        return super().check_action(action, parameters)

    def action_edit_axes(self) -> None:
        def answered(edit: Edited | None) -> None:
            if edit is not None:
                self.desk.apply(edit)

        self.app.push_screen(FrameScreen(self.desk.batch, self.desk.targets), answered)

    def action_edit_recipe(self) -> None:
        def answered(answer: tuple[dict[str, JsonValue] | None] | None) -> None:
            if answer is not None:
                self.desk.apply(edits.set_recipe(self.desk.batch, answer[0]))

        self.app.push_screen(RecipeScreen(self.desk.batch.recipe), answered)
