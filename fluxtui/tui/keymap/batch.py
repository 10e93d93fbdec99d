"""Keys of the Batch screen (F2)."""

from fluxtui.tui.keymap.base import Key

BATCH = (
    Key("batch.start", "s", "start", "batch", "start", "Start; asks once, with pictures, money and time.", True),
    Key("batch.toggle", "space", "toggle_target", "batch", "target on/off", "Let the target draw, or not.", True),
    Key("batch.all", "A", "all_targets", "batch", "all targets", "Tick every target that can draw, or none."),
    Key("batch.reload", "r", "reload", "batch", "read again", "Read the file again."),
    Key("batch.findings", "w", "show_findings", "batch", "warnings", "Every warning and impossible cell.", True),
)  # fmt: skip
