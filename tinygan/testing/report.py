"""What a gradient check found, for everybody: text for a terminal, Markdown, JSON, an exception."""

import json
from dataclasses import asdict, dataclass, field
from textwrap import TextWrapper
from typing import Any

import numpy as np

ORDERS = {1: "", 2: "order 2: "}  # what stands before the gradient of a gradient


def in_ascii(text: str) -> str:
    """What is no printable ASCII as an escape: it may be meant for the terminal of whoever reads it."""
    plain = "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
    return plain.encode("ascii", "backslashreplace").decode()


def told(*rows: tuple[str, str]) -> str:
    """A word before each text, where there is one; in lines of at most 80 characters, in ASCII."""
    lines = [f"{word}: ".ljust(9) + in_ascii(text) for word, text in rows if text]
    return "\n".join(map(TextWrapper(80, subsequent_indent=" " * 9, break_on_hyphens=False).fill, lines))


class GradcheckError(AssertionError):
    """A gradient is wrong. The message is the whole report."""


class Verdict:
    """What is true if all is right, shows itself in a notebook, and raises itself in a test."""

    cause: BaseException | None = None  # what the function that is checked raised

    def raise_if_failed(self) -> None:
        """Raise GradcheckError (an AssertionError), with the whole message, unless all is right."""
        if not self:
            raise GradcheckError(str(self)) from self.cause

    def __repr__(self) -> str:  # what a prompt and a failed assert show
        return str(self)

    def _repr_markdown_(self) -> str:
        return f"```\n{self}\n```"


@dataclass
class Entry:
    """The gradient of one input beside the differences; the arrays have the input's shape."""

    name: str
    dtype: str  # before it became float64
    order: int  # 2: the gradient of a gradient
    analytic: np.ndarray
    numeric: np.ndarray  # NaN where nothing was checked; a little beside a kink, if there is one
    allowed: np.ndarray  # how far the two may lie apart
    direction: tuple[float, float, float] | None = None  # all three along a random direction, for large inputs

    @property
    def checked(self) -> np.ndarray:
        return ~np.isnan(self.numeric)

    @property
    def wrong(self) -> np.ndarray:
        """Mask of the checked numbers that differ (or are NaN)."""
        return self.checked & ~(np.abs(self.analytic - self.numeric) <= self.allowed)

    @property
    def ok(self) -> bool:
        analytic, numeric, allowed = self.direction or (0.0, 0.0, 0.0)
        return bool(abs(analytic - numeric) <= allowed and not self.wrong.any())

    def __str__(self) -> str:
        differ, count, size = self.wrong.sum(), self.checked.sum(), self.analytic.size
        text = f"{ORDERS[self.order]}{self.name} {self.analytic.shape} {self.dtype}: "
        text += f"{differ} of {count} numbers differ" if differ else f"{count} of {size} numbers agree"
        if count:  # the worst is far off in units of what is allowed there
            error = np.nan_to_num(np.abs(self.analytic - self.numeric) / self.allowed, nan=np.inf)
            worst = np.argwhere(self.checked)[np.argmax(error[self.checked])].tolist()
            analytic, numeric = (float(a[*worst]) + 0.0 for a in (self.analytic, self.numeric))  # no -0
            text += f"; at {worst}, the worst, analytic {analytic:.7g}, numeric {numeric:.7g}"
            text += f" (relative error {abs(analytic - numeric) / (max(abs(analytic), abs(numeric)) or 1.0):.2g})"
        if self.direction:
            text += "; along a random direction analytic {:.7g}, numeric {:.7g}".format(*self.direction)
        return text


@dataclass
class Kink:
    """A place where the slopes from left and right differ, so that no gradient is right or wrong."""

    name: str
    order: int
    index: tuple[int, ...] | None  # None: along a whole direction
    left: float
    right: float
    nudge: float | None = None  # how far beside it the slope was checked; None: not at all

    def __str__(self) -> str:
        where = "along a random direction" if self.index is None else f"at {list(self.index)}"
        sides = f"slope {self.left:.4g} from the left, {self.right:.4g} from the right"
        end = "not checked" if self.nudge is None else f"checked {self.nudge:+g} beside it"
        return f"{ORDERS[self.order]}{self.name} {where}: {sides}; {end}"


@dataclass(frozen=True)
class Diagnosis:
    """The likely mistake in the gradient of input `name`: a short `kind` that stays the same, and a `sentence`."""

    name: str
    kind: str
    sentence: str


@dataclass(repr=False)
class Report(Verdict):
    """The result of a gradient check. True if all is right; ``str(report)`` tells what was found.

    `entries` holds the numbers, one Entry for each input and order; `kinks` where there is no gradient;
    `problems` what is wrong beside the numbers; `unproved` why nothing could be told, which is no pass;
    `diagnoses` the likely mistakes (`diagnosis` the first).
    """

    title: str
    seed: int
    source: str = ""  # file and line of what was checked
    again: str = ""  # the call that repeats the check
    hint: str = ""
    entries: list[Entry] = field(default_factory=list)
    kinks: list[Kink] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what is not wrong, but should be known

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.unproved

    @property
    def wrong(self) -> bool:
        return bool(self.problems) or not all(entry.ok for entry in self.entries)

    @property
    def diagnosis(self) -> Diagnosis | None:
        return self.diagnoses[0] if self.diagnoses else None

    def __bool__(self) -> bool:
        return self.ok

    def to_json(self) -> dict[str, Any]:
        """The report, with all its numbers, as a dict that `json.dumps` takes; what is not finite is None."""
        found = {**asdict(self), "ok": self.ok}
        return json.loads(json.dumps(found, default=np.ndarray.tolist), parse_constant=lambda nan: None)

    def __str__(self) -> str:
        found = "WRONG" if self.wrong else "NOT PROVED" if self.unproved else "right"
        rows = [(f"gradcheck of {self.title} (seed {self.seed})", f"the gradient is {found}")]
        if not self.ok:
            likely = [("likely", text) for text in dict.fromkeys(one.sentence for one in self.diagnoses)]
            rows += [*likely, ("where", self.source), ("hint", self.hint), ("again", self.again)]
        rows += [("problem", text) for text in self.problems] + [("unclear", text) for text in self.unproved]
        rows += [("ok" if entry.ok else "WRONG", str(entry)) for entry in self.entries]
        rows += [("kink", f"{kink} ({len(self.kinks)} in all)") for kink in self.kinks[:5]]
        return told(*rows, *(("note", text) for text in self.notes))
