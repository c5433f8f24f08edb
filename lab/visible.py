"""Control characters made visible, so that text from outside cannot control the terminal.

Names of runs, titles, paths and what a student's file prints may hold anything: an escape sequence clears the screen,
or writes PASSES where nothing passed. Every way out goes through here: the console of the commands, the lines of the
app, messages and JSON.
"""

import re

# Pictures of the control characters of ASCII, one column wide each; newlines and tabs stay. What turns the direction of
# writing, and the second set of control characters (C1), have no pictures.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_TURNS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_VISIBLE = _PICTURES | dict.fromkeys((*range(0x80, 0xA0), *_TURNS), 0xFFFD)


def visible(text: str) -> str:
    """The text with a picture in place of each control character: ESC becomes ␛."""
    return text if text.isprintable() else text.translate(_VISIBLE)


def visible_json(text: str) -> str:
    """JSON text in which DEL and the C1 control characters are escaped, too, as JSON itself asks only below 0x20."""
    return re.sub("[\x7f-\x9f]", lambda match: f"\\u{ord(match[0]):04x}", text)
