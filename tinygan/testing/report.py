"""What a gradient check found, for everybody: text for a terminal, Markdown, JSON, an exception."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from tinygan.testing.entry import Diagnosis, Entry, Kink
from tinygan.testing.evidence import label

WIDTH = 80
MOST_KINKS = 5  # so many are listed in full


class GradcheckError(AssertionError):
    """A gradient is wrong. The message is the whole report."""


@dataclass
class Report:
    """The result of a gradient check. True if all is right; ``str(report)`` tells what was found.

    Attributes
    ----------
    title : str
        What was checked.
    seed : int
        Repeats the check.
    entries : list of Entry
        One for each input and order.
    kinks : list of Kink
        Where the function has no gradient.
    problems : list of str
        What is wrong beside the numbers, a sentence each.
    diagnoses : list of Diagnosis
        The likely cause for each wrong gradient that has been recognised.
    notes : list of str
        What a reader should know that is not wrong.
    source, again, hint : str
        File and line of what was checked, the call that repeats the check, and what to do for a
        hint; each may be empty.
    cause : Exception or None
        What backward raised, if it did.
    """

    title: str
    seed: int
    entries: list[Entry] = field(default_factory=list)
    kinks: list[Kink] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: str = ""
    again: str = ""
    hint: str = ""
    cause: BaseException | None = None

    @property
    def ok(self) -> bool:
        return not self.problems and all(entry.ok for entry in self.entries)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The first likely cause."""
        return self.diagnoses[0] if self.diagnoses else None

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_failed(self) -> None:
        """Raise GradcheckError, with the whole report as its message, unless all is right."""
        if not self.ok:
            raise GradcheckError(str(self)) from self.cause

    def summary(self) -> str:
        """One sentence: which gradients are right, and in how many places the others are wrong."""
        named = [(label(entry.name) + ", order 2" * (entry.order == 2), entry) for entry in self.entries]
        right = [name for name, entry in named if entry.ok]
        parts = [f"{_and(right)} {'is' if len(right) == 1 else 'are'} right"] if right else []
        for name, entry in named:
            places = f"in {int(entry.wrong.sum())} of {entry.count} places"
            places += " checked" if entry.count < entry.wrong.size else ""
            parts += [] if entry.ok else [f"{name} is wrong {places if entry.wrong.any() else 'in places not checked'}"]
        return "; ".join(parts)

    def _help(self) -> list[tuple[str, str]]:
        """What to say first about a wrong gradient, each with a word before it."""
        likely = dict.fromkeys(found.sentence for found in self.diagnoses)
        said = [("where", self.source), ("found", self.summary()), *(("likely", text) for text in likely)]
        return [(what, text) for what, text in [*said, ("hint", self.hint), ("again", self.again)] if text]

    def to_json(self) -> dict[str, Any]:
        """The report as a dict that `json.dumps` takes; what is not finite is None."""
        keys = ("ok", "title", "seed", "problems", "notes", "source", "again", "hint")
        found = {**{key: getattr(self, key) for key in keys}, "summary": self.summary()}
        found["entries"] = [entry.to_json() for entry in self.entries]
        found |= {"diagnoses": [vars(one) for one in self.diagnoses], "kinks": [vars(one) for one in self.kinks]}
        return json.loads(json.dumps(found), parse_constant=lambda nan: None)

    def _repr_markdown_(self) -> str:
        """What a notebook shows: the verdict, the likely causes, and the whole text below."""
        verdict = "is right" if self.ok else "is **WRONG**"
        likely = [f"- {text}" for what, text in self._help() if what == "likely"]
        lines = [f"**gradcheck of {self.title}**: the gradient {verdict}", "", *likely, "", "```", str(self), "```"]
        return "\n".join(lines)

    def __str__(self) -> str:
        verdict = "the gradient is right" if self.ok else "the gradient is WRONG"
        lines = _wrapped(f"gradcheck of {self.title} (seed {self.seed}): ", verdict)
        if not self.ok:
            lines += [line for what, text in self._help() for line in _wrapped(f"{what}:".ljust(8), text)]
        lines += _section("problems:", self.problems)
        for order, heading in ((1, "gradient:"), (2, "gradient of the gradient:")):
            entries = [entry for entry in self.entries if entry.order == order]
            lines += [heading] if entries else []
            for entry in entries:
                lines += _wrapped("  ok     " if entry.ok else "  WRONG  ", str(entry))
        kinks = [str(kink) for kink in self.kinks[:MOST_KINKS]]
        if len(self.kinks) > MOST_KINKS:
            kinks.append(f"and {len(self.kinks) - MOST_KINKS} more")
        lines += _section("kinks, where the function has no gradient:", kinks)
        lines += _section("notes:", self.notes)
        return "\n".join(lines)


def _wrapped(start: str, text: str) -> list[str]:
    """`text` after `start`, in lines of WIDTH; everything in ASCII."""
    text = (start + text).encode("ascii", "backslashreplace").decode()
    body = text.lstrip()
    indent, hang = " " * (len(text) - len(body)), " " * min(len(start), 9)
    return wrap(body, WIDTH, initial_indent=indent, subsequent_indent=hang, break_on_hyphens=False)


def _section(heading: str, texts: list[str]) -> list[str]:
    return [heading, *(line for text in texts for line in _wrapped("  - ", text))] if texts else []


def _and(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
