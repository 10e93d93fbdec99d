"""Keys of the sheet of tasks on the Batch screen, and of its dialogs."""

from fluxtui.tui.keymap.base import Key

SHEET = (
    Key(
        "sheet.edit",
        "enter,e",
        "edit",
        "sheet",
        "edit",
        "Edit the cell; in marked rows, that of all.",
        True,
        display="↵",
    ),
    Key("sheet.mark", "space", "mark", "sheet", "mark", "Mark the row; what follows acts on the marked rows.", True),
    Key("sheet.add", "o,insert", "add", "sheet", "add", "Add a task below the cursor.", True),
    Key("sheet.replace", "R", "replace", "sheet", "replace", "Search and replace in the column, shown first.", True),
    Key(
        "sheet.fill",
        "F",
        "fill",
        "sheet",
        "fill down",
        "The first marked row's value for all; or from the row above.",
        True,
    ),
    Key("sheet.filter", "slash", "filter", "sheet", "filter", "Show some rows only; esc shows all.", display="/"),
    Key("sheet.left", "left,h", "column(-1)", "sheet", "column left", "One column to the left.", early=False),
    Key("sheet.right", "right,l", "column(1)", "sheet", "column right", "One column to the right.", early=False),
    Key("sheet.home", "home", "column_edge(-1)", "sheet", "first column", "The first column.", early=False),
    Key("sheet.end", "end", "column_edge(1)", "sheet", "last column", "The last column.", early=False),
    Key("sheet.top", "ctrl+home,g", "edge(-1)", "sheet", "first row", "The first row.", early=False),
    Key("sheet.bottom", "ctrl+end,G", "edge(1)", "sheet", "last row", "The last row.", early=False),
    Key("sheet.range", "v", "mark_range", "sheet", "mark a range", "Mark from here to where the cursor goes next."),
    Key(
        "sheet.range-down", "shift+down", "extend(1)", "sheet", "mark down", "Mark this row and the next.", early=False
    ),
    Key(
        "sheet.range-up", "shift+up", "extend(-1)", "sheet", "mark up", "Mark this row and the one above.", early=False
    ),
    Key("sheet.mark-all", "A", "mark_all", "sheet", "mark all", "Mark every row that is shown, or none."),
    Key(
        "sheet.back",
        "escape",
        "back",
        "sheet",
        "unmark",
        "End a range, take the marks away, show all rows.",
        early=False,
    ),
    Key("sheet.duplicate", "D", "duplicate", "sheet", "duplicate", "Copy the marked tasks below themselves."),
    Key("sheet.delete", "x,delete", "delete", "sheet", "delete", "Take the marked tasks out; ctrl+z brings them back."),
    Key("sheet.down", "J", "shift(1)", "sheet", "move down", "Move the marked tasks one row down."),
    Key("sheet.up", "K", "shift(-1)", "sheet", "move up", "Move the marked tasks one row up."),
    Key("sheet.sort", "S", "sort", "sheet", "sort", "Sort the tasks by this column; again: the other way round."),
    Key(
        "sheet.column", "plus", "add_column", "sheet", "add a column", "A parameter, or a word of context.", display="+"
    ),
    Key(
        "sheet.drop-column",
        "minus",
        "drop_column",
        "sheet",
        "drop the column",
        "Take its values out of every task.",
        display="-",
    ),
    Key("sheet.warning", "n", "next_warning(1)", "sheet", "next warning", "Go to the next row with a warning."),
    Key("sheet.warning-back", "N", "next_warning(-1)", "sheet", "previous warning", "Go back to a row with a warning."),
    Key("sheet.copy", "y", "copy", "sheet", "copy rows", "Copy the marked tasks as a table."),
    Key(
        "sheet.paste",
        "p",
        "paste",
        "sheet",
        "paste rows",
        "Add what was copied in fluxtui; your terminal's paste works too.",
    ),
)

CELL = (
    Key(
        "cell.take-over",
        "enter",
        "take_over",
        "cell",
        "take over",
        "Take it over; ctrl+z takes it back.",
        True,
        display="↵",
    ),
    Key("cell.leave", "escape", "leave", "cell", "leave", "Leave the cell as it was.", True, display="esc"),
    Key("cell.next", "tab", "next(1)", "cell", "next cell", "Take it over, and edit the next column.", True),
    Key("cell.previous", "shift+tab", "next(-1)", "cell", "cell before", "Take it over, and edit the column before."),
    Key("cell.down", "down", "below(1)", "cell", "cell below", "Take it over, and edit the row below."),
    Key("cell.up", "up", "below(-1)", "cell", "cell above", "Take it over, and edit the row above."),
)

REPLACE = (
    Key(
        "replace.regex",
        "ctrl+r",
        "toggle_regex",
        "replace",
        "patterns",
        "Regular expressions, or the text itself.",
        True,
    ),
    Key(
        "replace.case",
        "ctrl+g",
        "toggle_case",
        "replace",
        "big or small",
        "Whether big and small letters differ.",
        True,
    ),
    Key("replace.column", "ctrl+n", "next_column", "replace", "next column", "Search in the next column.", True),
    Key(
        "replace.do",
        "enter",
        "do",
        "replace",
        "replace",
        "Do it; ctrl+z takes it back.",
        True,
        priority=True,
        display="↵",
    ),
    Key("replace.down", "down", "scroll_list(1)", "replace", "down", "One change down.", early=False, priority=True),
    Key("replace.up", "up", "scroll_list(-1)", "replace", "up", "One change up.", early=False, priority=True),
)

PICK = (
    Key("pick.down", "down", "move(1)", "pick", "down", "One line down.", early=False, priority=True),
    Key("pick.up", "up", "move(-1)", "pick", "up", "One line up.", early=False, priority=True),
)

NOTHING = (Key("nothing.choose", "enter", "choose", "batch", "open", "What the cursor is on.", True, display="↵"),)
