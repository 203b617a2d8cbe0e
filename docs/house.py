"""How the house is built, measured from the source: which part of tinygan imports which, as a picture and a table."""

from __future__ import annotations

import ast
import html
from collections.abc import Iterable, Mapping
from pathlib import Path

from tinygan.plot.graph import Node, place

PACKAGE = Path(__file__).parent.parent / "tinygan"
COMMANDS = "command lines"
ABOUT = {  # where no file says it
    "gan": "What is special to GANs: losses, penalties, conditioning, networks, and the game of the two.",
    "training": "A run: its options, the loop, the run folder, checkpoints, several processes.",
    COMMANDS: "A parser and one call each: ",
}
BOX, STOREY, GAP = (116, 34), 84, 14  # pixels


def parts() -> dict[str, list[Path]]:
    """The files of each part: a folder, a file that others import, or all files that are run."""
    found = {path.parent.name: sorted(path.parent.rglob("*.py")) for path in sorted(PACKAGE.glob("*/__init__.py"))}
    for path in sorted(PACKAGE.glob("[!_]*.py")):
        runs = '__name__ == "__main__"' in path.read_text(encoding="utf-8")
        found.setdefault(COMMANDS if runs else path.stem, []).append(path)
    return found


def imports(files: Iterable[Path]) -> set[str]:
    """What follows ``tinygan.`` in the imports of these files, also of those inside functions."""
    names: list[str] = []
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("tinygan.")}


def arrows() -> dict[str, list[str]]:
    """What each part imports: a part comes after those that it imports, and early if many stand on it."""
    files = parts()
    found = {part: imports(paths) & set(files) - {part} for part, paths in files.items()}
    importers = {part: sum(part in others for others in found.values()) for part in found}
    order: list[str] = []
    while len(order) < len(found):
        ready = [part for part in found if part not in order and found[part] <= set(order)]
        if not ready:
            raise ValueError(f"these parts import each other in a circle: {', '.join(sorted(set(found) - set(order)))}")
        order += sorted(ready, key=lambda part: (part == COMMANDS, -importers[part], part))
    return {part: [other for other in order if other in found[part]] for part in order}


def needed(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Without the arrows that follow from others: who imports gan has what gan imports."""
    below: dict[str, set[str]] = {}
    for part, others in found.items():
        below[part] = set(others).union(*(below[other] for other in others))
    return {p: [o for o in others if not any(o in below[x] for x in others)] for p, others in found.items()}


def about(part: str, files: list[Path]) -> str:
    """The first sentence of its docstring."""
    if part == COMMANDS:
        return ABOUT[part] + ", ".join(f"`{path.stem}`" for path in files) + "."
    first = next(path for path in files if path.name in ("__init__.py", f"{part}.py"))
    said = ast.get_docstring(ast.parse(first.read_text(encoding="utf-8"))) or ABOUT.get(part)
    if said is None:
        raise ValueError(f"tinygan/{part} does not say what it is: begin its __init__.py with a sentence")
    return " ".join(said.split("\n\n")[0].split()).split(". ")[0].rstrip(".") + "."


def table_rows() -> list[list[str]]:
    """Part, imports, lines, what it is."""
    files, rows = parts(), []
    for part, others in arrows().items():
        lines = sum(path.read_text(encoding="utf-8").count("\n") for path in files[part])
        rows.append([f"`{part}`", ", ".join(others) or "nothing", f"{lines:,}", about(part, files[part])])
    return rows


def picture() -> str:
    """The parts in storeys, each above those that it imports, as SVG in the colours of the page."""
    found = needed(arrows())
    names = list(found)
    nodes = [Node(part, "", "", not others, [names.index(o) for o in others]) for part, others in found.items()]
    ways = place(nodes)
    everything = {node for way in ways for node in way} | set(nodes)
    left, right = min(n.row for n in everything), max(n.row for n in everything)
    top = max(n.column for n in nodes)

    def centre(node: Node) -> tuple[float, float]:
        return (node.row - left + 0.5) * (BOX[0] + GAP), (top - node.column) * STOREY + BOX[1]

    width, height = (right - left + 1) * (BOX[0] + GAP), top * STOREY + 2 * BOX[1]
    label = "; ".join(f"{part} imports {', '.join(others)}" for part, others in found.items() if others)
    lines = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{html.escape(label)}" class="house"',
        ' fill="none" stroke="currentColor" font-size="14" text-anchor="middle">',
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M1 1 7 4 1 7"/></marker>',
    ]
    for way in ways:
        (x, y), *rest = (centre(node) for node in reversed(way))  # from the part that imports, downwards
        path, y = f"M{x:.0f} {y + BOX[1] / 2:.0f}", y + BOX[1] / 2
        for i, (to, level) in enumerate(rest):
            end = level - BOX[1] / 2
            path += f" C{x:.0f} {(y + end) / 2:.0f} {to:.0f} {(y + end) / 2:.0f} {to:.0f} {end:.0f}"
            x, y = to, level + BOX[1] / 2
            path += f" V{y:.0f}" if i < len(rest) - 1 else ""
        said = f"<title>{way[-1].title} imports {way[0].title}</title>"
        lines.append(f'<path d="{path}" opacity="0.55" marker-end="url(#tip)">{said}</path>')
    for node in nodes:
        x, y = centre(node)
        box = f'x="{x - BOX[0] / 2:.0f}" y="{y - BOX[1] / 2:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="6"'
        lines.append(f"<rect {box}/>")
        lines.append(f'<text x="{x:.0f}" y="{y + 5:.0f}" fill="currentColor" stroke="none">{node.title}</text>')
    return "\n".join([*lines, "</svg>"])
