"""Keys of what frames the tasks on the Batch screen: axes, defaults, recipe, targets, and the preflight."""

from fluxtui.tui.keymap.base import Key

FRAME = (
    Key("batch.axes", "a", "edit_axes", "batch", "axes", "Axes, repeat and defaults: what each task is drawn with."),
    Key("batch.recipe", "Y", "edit_recipe", "batch", "recipe", "The recipe of the batch, as YAML."),
)  # fmt: skip

FIELDS = (
    Key("fields.apply", "enter", "apply", "fields", "take over", "Take it over; ctrl+z takes it back.", True,
        priority=True, display="↵"),
    Key("fields.remove", "ctrl+r", "remove", "fields", "remove", "Take this line out.", True),
    Key("fields.down", "down", "go(1)", "fields", "line below", "One line down.", early=False, priority=True),
    Key("fields.up", "up", "go(-1)", "fields", "line above", "One line up.", early=False, priority=True),
)  # fmt: skip

RECIPE = (
    Key("recipe.keep", "ctrl+s", "keep", "recipe", "keep", "Keep the recipe; ctrl+z takes it back.", True),
)  # fmt: skip

TARGETS = (
    Key("targets.toggle", "space", "tick", "targets", "on/off", "Let the target draw, or not.", True),
    Key("targets.all", "A", "tick_all", "targets", "all or none", "Tick every target that is shown, or none."),
    Key("targets.edit", "enter", "edit", "targets", "own values", "A label, parameters and fallbacks of its own.",
        True, display="↵"),
    Key("targets.find", "slash", "find", "targets", "find", "Show the targets with these words only; esc shows all.",
        True, display="/"),
    Key("targets.back", "escape", "back", "targets", "show all", "Show every target again.", early=False),
)  # fmt: skip

FIND = (
    Key("find.leave", "escape", "leave", "find", "show all", "Show every target again.", True, display="esc"),
    Key("find.done", "enter,down", "done", "find", "to the list", "Keep what was found; on to the list.", True,
        display="↵"),
)  # fmt: skip

PREFLIGHT = (
    Key("preflight.go", "enter", "go", "preflight", "go to the row", "Go to the row that it is about; again: the next.",
        True, display="↵"),
)  # fmt: skip
