"""Rows and columns as text."""

from collections.abc import Mapping, Sequence


def table(headings: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """Lines with the names of the rows on the left and every column aligned on the right.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : mapping of str to sequence of str
        The cells of each row by its name; as many as headings.

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
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def text(line: tuple[str, ...]) -> str:
        name, *cells = line
        return "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]).rstrip()

    rule = "-" * (sum(widths) + 2 * len(headings))
    return "\n".join([text(lines[0]), rule, *map(text, lines[1:])])
