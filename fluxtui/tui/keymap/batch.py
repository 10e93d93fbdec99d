"""Keys of the Batch screen (F2). Those of the sheet are in `sheet`."""

from fluxtui.tui.keymap.base import Key

BATCH = (
    Key("batch.start", "s", "start", "batch", "start", "Start; asks once, with pictures, money and time.", True),
    Key("batch.findings", "w", "show_findings", "batch", "warnings", "Every warning and impossible cell.", True),
    Key("batch.undo", "ctrl+z", "undo", "batch", "undo", "Take the last change back."),
    Key("batch.redo", "ctrl+y", "redo", "batch", "redo", "Do again what was taken back."),
    Key("batch.new", "ctrl+n", "new_batch", "batch", "new batch", "Begin an empty batch."),
    Key("batch.reload", "r", "reload", "batch", "read again", "Read the file again."),
)  # fmt: skip

TARGETS = (
    Key("targets.toggle", "space", "tick", "targets", "on/off", "Let the target draw, or not.", True),
    Key("targets.all", "A", "tick_all", "targets", "all or none", "Tick every target, or none."),
)  # fmt: skip
