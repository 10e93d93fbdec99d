"""Keys of the Batch screen (F2). Those of the sheet are in `sheet`."""

from fluxtui.tui.keymap.base import Key

BATCH = (
    Key("batch.start", "s", "start", "batch", "start", "Start; asks once, with pictures, money and time.", True),
    Key("batch.findings", "w", "show_findings", "batch", "warnings", "Every warning and impossible cell.", True),
    Key("batch.save", "ctrl+s", "save", "batch", "save", "Save; asks before anything would be lost.", True),
    Key("batch.save-as", "W", "save_as", "batch", "save as", "Save under another name and format."),
    Key("batch.undo", "ctrl+z", "undo", "batch", "undo", "Take the last change back."),
    Key("batch.redo", "ctrl+y", "redo", "batch", "redo", "Do again what was taken back."),
    Key("batch.new", "ctrl+n", "new_batch", "batch", "new batch", "Begin an empty batch."),
    Key("batch.reload", "r", "reload", "batch", "read again", "Read the file again; asks about changes first."),
)  # fmt: skip

PROMPT = (
    Key("prompt.leave", "escape", "leave", "prompt", "back to the sheet", "Go back to the sheet.", True, display="esc"),
    Key("prompt.undo", "ctrl+z", "take_back", "prompt", "undo", "Take the last change of the batch back."),
    Key("prompt.redo", "ctrl+y", "do_again", "prompt", "redo", "Do again what was taken back."),
)  # fmt: skip

TASK = (
    Key("task.edit", "enter,e", "edit", "task", "edit", "Change the value; it applies as you type.", True, display="↵"),
    Key("task.clear", "x,delete", "clear", "task", "clear", "Take the value away; ctrl+z brings it back.", True),
    Key("task.add", "plus", "add", "task", "add", "Add a parameter, or a word of context.", True, display="+"),
    Key("task.leave", "escape", "leave", "task", "back to the sheet", "Go back to the sheet.", early=False),
)  # fmt: skip

TASK_LINE = (
    Key("task.done", "escape", "leave", "task", "done", "Keep it; go back to the list.", True, display="esc"),
)  # fmt: skip
