"""Rows and columns as text."""

from collections.abc import Mapping, Sequence

from tinygan.evaluation.metric import Metric

WIDTH = 110  # characters, of a terminal that is not narrow


def table(headings: Sequence[str], rows: Mapping[str, Sequence[str]], width: int = WIDTH) -> str:
    """Lines with the names of the rows on the left and every column aligned on the right.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : mapping of str to sequence of str
        The cells of each row by its name; as many as headings.
    width : int
        Characters in a line; columns that do not fit follow below, beside the names again.

    Returns
    -------
    text : str
        ASCII if the parts are, without a line break at its end.

    Raises
    ------
    ValueError
        If a row has another number of cells.
    """
    for name, cells in rows.items():
        if len(cells) != len(headings):
            raise ValueError(f"the row {name!r} has {len(cells)} cells for {len(headings)} columns")
    lines = [("", *headings), *((name, *cells) for name, cells in rows.items())]
    names, *columns = zip(*lines, strict=True)
    parts = [[names]]
    for column in columns:
        if len(parts[-1]) > 1 and _width([*parts[-1], column]) > width:
            parts.append([names])
        parts[-1].append(column)
    return "\n\n".join(map(_aligned, parts))


def _aligned(columns: Sequence[Sequence[str]]) -> str:
    """Columns, the first of which names the rows, with a rule below their first line."""
    widths = [max(map(len, column)) for column in columns]

    def text(line: Sequence[str]) -> str:
        name, *cells = line
        return "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]).rstrip()

    first, *others = zip(*columns, strict=True)
    return "\n".join([text(first), "-" * _width(columns), *map(text, others)])


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + 2 * (len(columns) - 1)


def report(metrics: Sequence[Metric], rows: Mapping[str, Mapping[str, float]], captions: Sequence[str]) -> str:
    """The table of those metrics that the first row has, what they mean, and what the numbers are of."""
    metrics = [m for m in metrics if m.key in next(iter(rows.values()))]
    cells = {name: [m.cell(row) for m in metrics] for name, row in rows.items()}
    width = max(len(m.heading) for m in metrics)
    meanings = [
        f"{m.heading:{width}}  {m.definition} ({'higher' if m.higher_is_better else 'lower'} is better)"
        for m in metrics
    ]
    return "\n".join([table([m.heading for m in metrics], cells), "", *meanings, "", *captions])
