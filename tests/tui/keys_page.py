"""The page of all keys, `docs/keys.md`, made from the keymap: `python -m tests.tui.keys_page` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

from fluxtui.tui import keymap
from fluxtui.tui.keymap.editing import QUIT_KEY, split, spoken

PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"

_BEGINNING = f"""# Keys

Every key of the cockpit, by the screen or pane that it belongs to. `?` shows those of the place where you are, `ctrl+p`
finds any action by its name, and the footer names the most wanted. Written by `python -m tests.tui.keys_page`.

## Changing them

`F9`, Keys: find the action (`/` searches by name and by key), press `↵`, the key that you want, and `↵` again. Where
another action has that key you are told first which one, and what it keeps or gets for it. `a` gives a further key,
`del` the action's own ones again. All of it holds at once, in the footer, in help and in the palette as well.

The changes are kept in `cockpit.toml` in your configuration folder (`~/.config/fluxtui/` on Linux), where you can write
them too: actions by their ids, keys by their characters or by Textual's names, several with commas:

```toml
[keymap]
"run.pause" = "ctrl+k"
"run.sort" = "s,f5"
"run.sooner" = "greater_than_sign,pageup"
```

What cannot be used is told at the start, and that action keeps its own keys. `esc`, `↵` and `tab` stay what they are,
and `{QUIT_KEY}` quits in any case.
"""


def page() -> str:
    """Return the text of the page."""
    areas = dict.fromkeys(key.area for key in keymap.EVERY)
    return "\n".join([_BEGINNING, *(line for area in areas for line in _table(area))])


def _table(area: str) -> Iterator[str]:
    yield from (f"## {area}", "", "| key | name | what it does | id |", "|---|---|---|---|")
    for key in keymap.EVERY:
        if key.area == area:
            yield f"| {_code(split(key.keys))} | {key.name} | {_cell(key.tip)} | `{key.id}` |"
    yield ""


def _code(keys: tuple[str, ...]) -> str:
    return " ".join(f"`{_cell(spoken(key))}`" for key in keys)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
