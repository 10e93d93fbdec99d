"""Keys of the large picture."""

from fluxtui.tui.keymap.base import Key

LOOK = (
    Key("look.next", "right,l,j,down", "step(1)", "picture", "next job", "The table's next job.", True, display="→"),
    Key("look.previous", "left,h,k,up", "step(-1)", "picture", "previous job", "The previous job.", True, display="←"),
    Key("look.facts", "i", "facts", "picture", "facts", "Show or hide the facts.", True),
    Key("look.copy", "c", "copy_problem", "picture", "copy error", "Copy the error card."),
    Key("look.prompt", "y", "copy_prompt", "picture", "copy prompt", "Copy the prompt."),
    Key("look.close", "escape,enter,q", "close", "picture", "back", "Back to the table.", True, display="esc"),
)  # fmt: skip
