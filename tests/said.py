"""Numbers in the tutorials' text that their run does not print: what they are, computed, or where they come from."""

SAID: dict[str, dict[str, float | str]] = {
    "02": {"64": "a batch's usual size", "50,176": 64 * 28 * 28},
}
