"""Keys of the small screens that ask or tell something. A question's answers have the letters that it shows."""

from fluxtui.tui.keymap.base import Key

DIALOG = (
    Key("dialog.back", "escape", "leave", "dialog", "back", "Leave without an answer.", True, display="esc"),
)  # fmt: skip

CHOICES = (
    Key("dialog.down", "down,j", "move(1)", "dialog", "next answer", "One answer down.", early=False),
    Key("dialog.up", "up,k", "move(-1)", "dialog", "answer before", "One answer up.", early=False),
    Key("dialog.choose", "enter", "choose", "dialog", "choose", "Give the marked answer.", True, display="↵"),
)  # fmt: skip

PAPER = (
    Key(
        "paper.close",
        "escape,enter,q,f1,question_mark",
        "leave",
        "reading",
        "close",
        "Back to the screen.",
        True,
        display="esc",
    ),
    Key("paper.down", "down,j", "scroll(1)", "reading", "down", "One line down.", early=False),
    Key("paper.up", "up,k", "scroll(-1)", "reading", "up", "One line up.", early=False),
    Key("paper.page-down", "pagedown,space,ctrl+d", "scroll(10)", "reading", "page down", "Further.", early=False),
    Key("paper.page-up", "pageup,ctrl+u", "scroll(-10)", "reading", "page up", "Back a page.", early=False),
)  # fmt: skip
