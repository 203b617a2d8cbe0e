"""The picture of a computation: what stands in it, where, and that drawing changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tinygan import plot
from tinygan.autograd import Tensor, grad, ops
from tinygan.plot import graph


@pytest.fixture
def product():
    """L = a b + a^2 at a = 2, b = -3: dL/da = b + 2 a = 1, dL/db = a = 2."""
    a = Tensor(2.0, requires_grad=True, name="a")
    b = Tensor(-3.0, requires_grad=True, name="b")
    y = a * b + a * a
    y.name = "L"
    return y, a, b


def by_title(nodes):
    return {node.title: node for node in nodes}


def test_each_tensor_stands_there_once_with_value_and_gradient(product):
    nodes = graph.nodes_of(product[0], True)
    found = by_title(nodes)
    assert [node.title for node in nodes].count("a") == 1 and len(nodes) == 5
    assert (found["a"].value, found["a"].gradient, found["a"].given) == ("2", "1", True)
    assert (found["b"].value, found["b"].gradient) == ("-3", "2")
    assert (found["L"].value, found["L"].gradient, found["L"].given) == ("-2", "1", False)
    square = next(node for node in nodes if node.value == "4")
    assert square.title == "Mul" and square.inputs == [nodes.index(found["a"])] * 2
    assert all(max(node.inputs, default=-1) < i for i, node in enumerate(nodes)) and nodes[-1].title == "L"


def test_what_has_no_gradient_shows_none(product):
    x = Tensor(np.ones((3, 4), np.float32), name="x")
    w = Tensor(np.ones((4, 2), np.float32), requires_grad=True, name="w")
    found = by_title(graph.nodes_of(x @ w, True))
    assert found["x"].lines() == ["x", "shape (3, 4)"]
    assert found["w"].lines() == ["w", "shape (4, 2)", "gradient (4, 2)"]
    assert all(not node.gradient for node in graph.nodes_of(product[0], gradients=False))


@pytest.mark.parametrize(
    ("data", "text"), [(1.5, "1.5"), ([1.0, -2.0], "[1, -2]"), ([[1.0], [0.25]], "[[1], [0.25]]"), ([], "shape (0,)")]
)
def test_few_numbers_are_written_out(data, text):
    assert graph.as_text(Tensor(data)) == text


def test_many_or_long_numbers_give_their_shape():
    assert graph.as_text(Tensor(np.zeros(1000))) == "shape (1000,)"
    assert graph.as_text(Tensor([-1.23456e-9, 1.23456e9])) == "shape (2,)"


def test_inputs_stand_to_the_left_and_no_two_in_one_place(rng):
    made = [Tensor(rng.standard_normal(2), requires_grad=True) for _ in range(3)]
    for _ in range(20):  # any graph will do
        i, k = rng.integers(len(made), size=2)
        made.append(ops.tanh(made[i]) if rng.random() < 0.3 else made[i] * made[k])
    y = made[-1] + made[-2]
    nodes = graph.nodes_of(y, True)
    arrows = graph.place(nodes)
    everything = {id(node): node for arrow in arrows for node in arrow}.values()
    assert len({(node.column, node.row) for node in everything}) == len(everything)
    for arrow in arrows:
        assert [node.column for node in arrow] == list(range(arrow[0].column, arrow[-1].column + 1))
    assert len(arrows) == sum(len(set(node.inputs)) for node in nodes)


def test_dot(product):
    text = plot.graph_dot(product[0])
    assert text.startswith("digraph {") and text.rstrip().endswith("}")
    assert 'n0 [label="a\\n2\\ngradient 1", color="#0072B2"];' in text
    assert text.count("n0 -> ") == 3  # once to a b, twice to a a
    assert "gradient" not in plot.graph_dot(product[0], gradients=False)
    product[0].name = 'say "L"\\'
    assert 'label="say \\"L\\"\\\\\\n-2' in plot.graph_dot(product[0])


def test_the_picture(product, tmp_path):
    plot.save_graph(tmp_path / "graph.png", product[0])
    with Image.open(tmp_path / "graph.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert image.width > image.height
    blue = (pixels == [0, 114, 178]).all(axis=1).sum()
    assert blue > 100 and (pixels == 255).all(axis=1).mean() > 0.5
    plot.save_graph(tmp_path / "alone.png", Tensor(1.0))
    assert (tmp_path / "alone.png").stat().st_size > 0


def test_drawing_changes_nothing(product):
    y, a, _ = product
    plot.graph_dot(y)
    assert a.grad is None and y.grad is None
    assert grad(y, [a])[0].item() == 1.0


def test_a_graph_without_gradients_is_drawn_too():
    x = Tensor(3.0)
    assert graph.nodes_of(x * x, True)[-1].lines() == ["given", "9"]


def test_too_large_a_graph_is_refused():
    y = Tensor(1.0, requires_grad=True)
    for _ in range(60):
        y = y * 1.0
    with pytest.raises(ValueError, match="more than 60 Tensors: draw a part of it"):
        plot.graph_dot(y)
