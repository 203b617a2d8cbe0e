"""What a number is called, what it means, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    Attributes
    ----------
    key : str
        Its name in reports, in JSON and in ``--metrics``.
    heading : str
        Its name over the column.
    definition : str
        One line, printed beside every table.
    form : str
        How a value is printed, as in `format`.
    higher_is_better : bool
    error : str
        The key of its standard error, if it has one.
    needs_labels : bool
        It is of samples that were asked for by their class, and of no others.
    """

    key: str
    heading: str
    definition: str
    form: str
    higher_is_better: bool
    error: str = ""
    needs_labels: bool = False

    def cell(self, report: Mapping[str, float]) -> str:
        """The value in a report as text, with its standard error; '-' if the report lacks it."""
        if self.key not in report:
            return "-"
        value = self._text(report[self.key])
        return f"{value} +- {self._text(report[self.error])}" if self.error else value

    def better(self, value: float, than: float) -> bool:
        """Whether `value` is better than another; every number is better than NaN, and NaN than none."""
        if math.isnan(value) or math.isnan(than):
            return not math.isnan(value)
        return value > than if self.higher_is_better else value < than

    def _text(self, value: float) -> str:
        return format(value, self.form) if math.isfinite(value) else str(value)


def fitting(metrics: Iterable[Metric], labelled: bool) -> tuple[Metric, ...]:
    """Those that can be measured, of samples that were asked for by their class (`labelled`) or not."""
    return tuple(m for m in metrics if labelled or not m.needs_labels)


def chosen(report: Mapping[str, float], metrics: Iterable[Metric], keys: Collection[str] | None) -> dict[str, float]:
    """Those values of a report whose metrics are among `keys` (by default all), each with its standard error."""
    wanted = [m for m in metrics if (keys is None or m.key in keys) and m.key in report]
    return {key: report[key] for m in wanted for key in (m.key, m.error) if key}
