"""What a benchmark printed, as a page shows it: a chart, a table, and the print itself behind a fold.

The pages keep the print between ``<!-- table: NAME -->`` and ``<!-- end -->``, where a benchmark puts it (``--write``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from charts import bars, lines  # beside this file

CHARTS = Path(__file__).parent / "_generated" / "charts"
DUMP = re.compile(r"<!-- table: ([^\n]*?) -->\n```\n(.*?)```\n(.*?)<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Chart:
    """Bars of some columns, a group for each row.

    Attributes
    ----------
    columns : dict
        What the bars are called, by the number of the column.
    title : str
    reference : float, optional
        Where a line stands.
    only : str, optional
        Only the rows in which a cell is this.
    by : int, optional
        The column whose cells are the bars' names instead, of the one column that is drawn: rows that begin alike are a
        group.
    """

    columns: dict[int, str]
    title: str
    reference: float | None = None
    only: str | None = None
    by: int | None = None


@dataclass(frozen=True)
class Growth:
    """Lines of time and memory, of the rows of `benchmarks.cpu` whose names end in a number.

    Attributes
    ----------
    across : str
        What grows.
    title : str
    """

    across: str
    title: str = "a step's time and its process's peak memory"


RATIO = "time of tinygan / time of PyTorch (below 1: tinygan is faster)"
OF_PEERS = "time of tinygan / time of the other (below 1: tinygan is faster)"
LESS = "Frechet classifier distance (less is better)"
SHOWN: dict[str, Chart | Growth] = {
    "benchmarks.presets acgan,infogan,r3gan": Chart({3: "FCD"}, LESS, only="3"),
    "benchmarks.presets": Chart({3: "FCD"}, LESS, only="1"),
    "benchmarks.losses": Chart({2: "FCD"}, LESS, only="5"),
    "benchmarks.baselines ring": Chart({3: "high quality"}, "samples of high quality, % (more is better)"),
    "benchmarks.baselines grid": Chart({2: "modes"}, "modes found, of 25 (more is better)"),
    "benchmarks.stacked": Chart({2: "modes"}, "modes found, of 1000 (more is better)"),
    "benchmarks.switches": Chart({2: "modes"}, "modes found, of 25 (more is better)"),
    "benchmarks.cpu": Chart({3: "ratio"}, OF_PEERS, 1.0, only="best", by=2),
    "benchmarks.cpu --batch": Growth("batch"),
    "benchmarks.cpu --width": Growth("width of the networks"),
    "benchmarks.memory": Chart({1: "eager", 2: "played back"}, "arrays at a step's peak, MB"),
    "benchmarks.ops": Chart({2: "forward", 5: "backward"}, RATIO, 1.0, only="best"),
    "benchmarks.startup": Chart({1: "seconds"}, "seconds"),
    "benchmarks.tunings": Chart({1: "mlp", 2: "ring", 3: "dcgan"}, "time without the tuning / with it", 1.0),
}


def shown(text: str) -> str:
    """A page with each print in it drawn, laid out as a table, and folded."""
    return DUMP.sub(lambda found: one_shown(*found.groups()), text)


def one_shown(name: str, printed: str, after: str) -> str:
    title, head, rows, rest = read(printed)
    fold = f":::{{dropdown}} As `python -m {name.split()[0]}` printed it\n```\n{printed}```\n:::\n"
    if not rows:
        return f"{fold}\n{after}"
    chart = draw(name, SHOWN[name], rows) if name in SHOWN else ""
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
    return f"{chart}{title}\n\n:::{{div}} measured\n{table}\n:::\n\n{rest}\n\n{fold}\n{after}"


def read(printed: str) -> tuple[str, list[str], list[list[str]], str]:
    """Of a print: what stands above the table, the names of its columns, its rows, and the lines below."""
    blocks = printed.strip("\n").split("\n\n")
    marked = [i for i, block in enumerate(blocks) if block.startswith("| ")]
    if marked:  # it is a table already
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in blocks[marked[0]].split("\n")
        ]
        return " ".join(blocks[: marked[0]]), head, rows, "\n\n".join(blocks[marked[0] + 1 : -1])
    at = next((i for i, block in enumerate(blocks) if len(split(block)) > 1), None)
    if at is None:
        return "", [], [], ""
    lines = with_verdicts(blocks[at]).split("\n")
    above = lines.pop(0) if lines[0].startswith("   ") and not is_row(lines[1]) else ""  # groups of columns
    head, *rows = split("\n".join(lines)) if is_regular(lines) else split_where_blank(lines)
    if is_row(lines[0]):  # there are no names
        head, rows = [""] * len(head), [head, *rows]
    head = ["", *head] if len(head) < len(rows[0]) and lines[0].startswith(" ") else head
    width = max(map(len, [head, *rows]))
    head, *rows = [[*line, *[""] * (width - len(line))] for line in [head, *rows]]
    name_groups(head, lines[0], above)
    return " ".join(" ".join(blocks[:at]).split()), head, rows, "\n\n".join(blocks[at + 1 : -1])


def split(block: str) -> list[list[str]]:
    """The cells of lines that have several, two blanks apart."""
    lines = [re.split(r" {2,}", line.strip()) for line in block.split("\n")]
    return [line for line in lines if len(line) > 1] if sum(len(line) > 1 for line in lines) > 1 else []


def is_row(line: str) -> bool:
    """Whether it has numbers, where a head has names."""
    return any(re.match(r"\d+\.\d|\d+$", cell) for cell in re.split(r" {2,}", line.strip()))


def is_regular(lines: list[str]) -> bool:
    """Whether no row has an empty cell, but perhaps in the last column."""
    counts = [len(line) for line in split("\n".join(lines))]
    first = len(counts) > 1 and lines[0].startswith(" ")
    return len(counts) == len(lines) and {count - counts[0] - first for count in counts[1:]} <= {0, 1}


def split_where_blank(lines: list[str]) -> list[list[str]]:
    """The cells of lines whose columns are parted by two characters or more that are blank in every line."""
    width = max(map(len, lines))
    lines = [line.ljust(width) for line in lines]
    filled = "".join(" " if all(line[i] == " " for line in lines) else "#" for i in range(width))
    spans = [found.span() for found in re.finditer(r"#+(?: #+)*", filled)]
    return [[line[start:end].strip() for start, end in spans] for line in lines]


def with_verdicts(block: str) -> str:
    """'within' and 'off' belong to the number before them."""
    return re.sub(r" {2,}(within|off)\b", r" (\1)  ", re.sub(r"^oracle (?=\d)", "oracle  ", block, flags=re.MULTILINE))


def name_groups(head: list[str], line: str, above: str) -> None:
    """Put the name of its group before the name of a column."""
    groups = [(found.start(), found[0]) for found in re.finditer(r"\S+(?: \S+)*", above)]
    ends = [found.end() for found in re.finditer(r"\S+(?: \S+)*", line)]
    for i, end in enumerate(ends):
        over = [text for start, text in groups if start < end]
        if over:
            head[i] = f"{over[-1]}, {head[i]}"


def draw(name: str, chart: Chart | Growth, rows: list[list[str]]) -> str:
    """Write the chart for light and dark pages; the lines that show it."""
    CHARTS.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"\W+", "-", name)
    shown = []
    for mode, ink in (("light", "#333333"), ("dark", "#dddddd")):
        path = CHARTS / f"{stem}-{mode}.svg"
        if isinstance(chart, Growth):
            found = growth(rows)
            lines(path, found, chart.across, ink)
            kind, said = "Lines", described(found)
        else:
            names, series = grouped(chart, rows)
            bars(path, names, series, chart.title, chart.reference, ink)
            kind, said = (
                "Bars",
                {
                    label: [f"{row} {value:g}" for row, value in zip(names, values, strict=True) if value == value]
                    for label, values in series.items()
                },
            )
        about = "; ".join(f"{label} {', '.join(each)}" for label, each in said.items())
        shown += [
            f"```{{image}} _generated/charts/{path.name}",
            f":alt: {kind} of the table below. {chart.title}: {about}",
            f":class: only-{mode} chart",
            "```",
            "",
        ]
    return "\n".join(shown) + "\n"


def grouped(chart: Chart, rows: list[list[str]]) -> tuple[list[str], dict[str, list[float]]]:
    """The groups' names, and the numbers of each bar in them; nan where a group has no such bar."""
    rows = [row for row in rows if chart.only is None or chart.only in row[1:]]
    if chart.by is None:
        twice = labels_twice(rows)
        names = [" ".join(filter(None, (row[0], row[1] if row[0] in twice else ""))) for row in rows]
        return names, {label: [number(row[column]) for row in rows] for column, label in chart.columns.items()}
    (column,) = chart.columns
    names, bars_of = (list(dict.fromkeys(row[i] for row in rows)) for i in (0, chart.by))
    cells = {(row[0], row[chart.by]): number(row[column]) for row in rows}
    return names, {bar: [cells.get((name, bar), float("nan")) for name in names] for bar in bars_of}


# Of each step: of each side: (what grows, milliseconds, MB), at its fastest number of threads.
Grown = dict[str, dict[str, list[tuple[float, float, float]]]]


def growth(rows: list[list[str]]) -> Grown:
    """What rows such as "mlp 256", or "mlp x2", say of each side."""
    best: dict[tuple[str, str, float], tuple[float, float]] = {}
    for name, threads, peer, _, ours, theirs, our_memory, their_memory, *_ in rows:
        step, _, size = name.rpartition(" ")
        for side, time, memory in (("tinygan", ours, our_memory), (peer, theirs, their_memory)):
            if threads != "best" and time != "-":
                key, found = (step, side, number(size.lstrip("x"))), (number(time), number(memory))
                best[key] = min(found, best.get(key, found))
    grown: Grown = {}
    for (step, side, size), found in best.items():
        grown.setdefault(step or "", {}).setdefault(side, []).append((size, *found))
    return {step: {side: sorted(points) for side, points in sides.items()} for step, sides in grown.items()}


def described(grown: Grown) -> dict[str, list[str]]:
    """All numbers, in words."""
    return {
        f"{side}, {step}": [f"{size:g}: {time:g} ms, {memory:g} MB" for size, time, memory in points]
        for step, sides in grown.items()
        for side, points in sides.items()
    }


def labels_twice(rows: list[list[str]]) -> set[str]:
    """First cells that stand in several rows, and so do not name one."""
    first = [row[0] for row in rows]
    return {label for label in first if first.count(label) > 1}


def number(cell: str) -> float:
    found = re.match(r"-?[\d,]*\.?\d+", cell)
    return float(found[0].replace(",", "")) if found else float("nan")
