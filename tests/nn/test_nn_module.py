"""Module: finding parameters, saving and loading them, modes, the summary."""

import copy

import numpy as np
import pytest

import tinygan as tg
from tinygan import Tensor, grad, nn
from tinygan.gan.additions import with_minibatch_std, with_spectral_norm
from tinygan.gan.networks import output_range
from tinygan.gan.unrolled import replaced
from tinygan.nn.module import with_members


def net(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Dense(3, 5, rng=rng), nn.BatchNorm(5, 0.8), nn.ReLU(), nn.Dense(5, 2, bias=False, rng=rng))


class Branches(nn.Module):
    """Attributes in an order of their own, a list, a tuple, a shared layer and a buffer."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.late = nn.Dense(2, 3, rng=rng)
        self.scale = Tensor(np.ones(3, np.float32), requires_grad=True)
        self.blocks = [nn.Dense(3, 3, rng=rng), nn.Sequential(nn.Dense(3, 3, rng=rng), nn.Sigmoid())]
        self.pair = (nn.Dense(3, 1, bias=False, rng=rng), nn.Tanh())
        self.shared = self.late
        self.count = Tensor(np.zeros((), np.float32))
        self.note = "not a parameter"

    def forward(self, x):
        y = self.late(x) * self.scale
        for block in self.blocks:
            y = block(y)
        for layer in self.pair:
            y = layer(y)
        return y + 0 * self.shared(x).sum()


# -- what it is made of ----------------------------------------------------------------------------


def test_parameters_come_in_order_of_assignment():
    names = [name for name, _ in Branches().named_parameters()]
    assert names == [
        "scale", "late.W", "late.b", "blocks.0.W", "blocks.0.b", "blocks.1.0.W", "blocks.1.0.b", "pair.0.W",
    ]  # fmt: skip
    assert [name for name, _ in net().named_parameters()] == ["0.W", "0.b", "1.gamma", "1.beta", "3.W"]
    assert [name for name, _ in net().buffers()] == ["1.running_mean", "1.running_var"]


def test_what_is_shared_counts_once():
    layer = nn.Dense(3, 3)
    twice = nn.Sequential(layer, nn.ReLU(), layer)
    assert [p is q for p, q in zip(twice.parameters(), [layer.W, layer.b], strict=True)] == [True, True]
    assert len(twice.state_dict()) == 2 and "12 parameters in all" in twice.summary()

    tied = nn.Sequential(nn.Dense(3, 3), nn.Dense(3, 3))
    tied[1].W = tied[0].W  # one weight in two layers
    assert [name for name, _ in tied.named_parameters()] == ["0.W", "0.b", "1.b"]
    gw, *_ = grad(tied(Tensor(np.ones((2, 3), np.float32))).sum(), tied.parameters())
    assert gw.shape == (3, 3)


def test_modules_come_outer_first_each_once():
    branches = Branches()
    found = dict(branches.modules())
    assert list(found) == ["", "late", "blocks.0", "blocks.1", "blocks.1.0", "blocks.1.1", "pair.0", "pair.1"]
    assert found[""] is branches and found["blocks.1.0"] is branches.blocks[1][0]


def test_the_weights_made_at_the_start_are_the_weights_used():
    """Layers made anew in every call would give new weights every time."""
    network, x = net().eval(), Tensor(np.ones((2, 3), np.float32))
    before = [id(p) for p in network.parameters()]
    assert np.array_equal(network(x).data, network(x).data)
    assert [id(p) for p in network.parameters()] == before


def test_every_parameter_moves_the_output(rng):
    network = Branches().astype(np.float64)
    x = Tensor(rng.normal(size=(5, 2)))
    for name, p in network.named_parameters():
        before = network(x).data
        p.data = p.data + 0.5
        assert not np.allclose(network(x).data, before), name


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define forward"):
        Empty()(1)


def test_sequential_is_a_list_of_layers():
    network = net()
    assert len(network) == 4 and isinstance(network[1], nn.BatchNorm)
    assert repr(network).splitlines()[1:] == [
        "  0: Dense(3, 5)",
        "  1: BatchNorm(5, momentum=0.8)",
        "  2: ReLU()",
        "  3: Dense(5, 2)",
        ")",
    ]


# -- saving and loading -----------------------------------------------------------------------------


def test_state_dict_round_trip(rng):
    one, two, x = net(0), net(1), Tensor(rng.normal(size=(7, 3)).astype(np.float32))
    one(x)  # moves the running averages
    state = one.state_dict()
    assert list(state) == ["0.W", "0.b", "1.gamma", "1.beta", "1.running_mean", "1.running_var", "3.W"]
    two.load_state_dict(state)
    assert np.array_equal(one.eval()(x).data, two.eval()(x).data)


def test_a_state_dict_is_a_copy_both_ways():
    network = net()
    state = network.state_dict()
    state["0.W"][:] = 7
    assert not (network[0].W.data == 7).any()
    network.load_state_dict(state)
    state["0.W"][:] = 8
    assert (network[0].W.data == 7).all()


def test_loading_keeps_the_tensors_and_their_dtype():
    """An optimiser holds the Tensors: they must stay the same objects."""
    network = net()
    tensors, state = network.parameters(), {k: v.astype(np.float64) + 1 for k, v in net(1).state_dict().items()}
    network.load_state_dict(state)
    assert all(p is q for p, q in zip(tensors, network.parameters(), strict=True))
    assert {p.dtype for p in network.parameters()} == {np.dtype(np.float32)}
    assert np.array_equal(network[3].W.data, state["3.W"].astype(np.float32))


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda s: s.pop("3.W"), "does not fit Sequential: it lacks 3.W"),
        (lambda s: s.update({"9.W": np.zeros(1)}), "it has unknown 9.W"),
        (lambda s: (s.pop("0.b"), s.update(b=np.zeros(5))), "it lacks 0.b and has unknown b"),
        (lambda s: s.update({"3.W": np.zeros((2, 5))}), r"the saved 3.W has shape \(2, 5\), this one \(5, 2\)"),
        (lambda s: s.update({"1.running_var": np.zeros(())}), r"the saved 1.running_var has shape \(\)"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(spoil, said):
    network = net()
    before, state = network.state_dict(), {name: value + 1 for name, value in net(1).state_dict().items()}
    spoil(state)
    with pytest.raises(ValueError, match=said):
        network.load_state_dict(state)
    assert all(np.array_equal(before[name], value) for name, value in network.state_dict().items())


def test_deepcopy_shares_nothing(rng):
    network = Branches()
    twin, x = copy.deepcopy(network), Tensor(rng.normal(size=(5, 2)).astype(np.float32))
    assert np.array_equal(network(x).data, twin(x).data)
    assert twin.shared is twin.late  # what was shared inside still is
    for p, q in zip(network.parameters(), twin.parameters(), strict=True):
        assert p is not q and not np.shares_memory(p.data, q.data) and p._changed is not q._changed
        q.data += 1
    assert not np.allclose(network(x).data, twin(x).data)


def test_astype_turns_everything():
    network = net().astype(np.float64)
    assert {v.dtype for v in network.state_dict().values()} == {np.dtype(np.float64)}
    assert network(Tensor(np.ones((2, 3)))).dtype == np.float64
    assert {v.dtype for v in network.astype(np.float32).state_dict().values()} == {np.dtype(np.float32)}


# -- modes ------------------------------------------------------------------------------------------


def test_train_and_eval_reach_every_module():
    network = nn.Sequential(nn.Dropout(0.5), net(), Branches())
    assert all(m.training for _, m in network.modules())
    assert network.eval() is network and not any(m.training for _, m in network.modules())
    assert network.train() is network and all(m.training for _, m in network.modules())
    assert nn.Dropout(0.5).training  # one network's mode is no other's


# -- for people -------------------------------------------------------------------------------------


def test_name_parameters_appear_in_errors():
    network = net().name_parameters("D")
    assert [t.name for t in network.parameters()] == ["D.0.W", "D.0.b", "D.1.gamma", "D.1.beta", "D.3.W"]
    assert [t.name for _, t in network.buffers()] == ["D.1.running_mean", "D.1.running_var"]
    with pytest.raises(ValueError, match="D.0.W"):
        grad(Tensor(1.0, requires_grad=True) * 2, network.parameters())


def test_summary_counts_and_shapes():
    image = nn.Sequential(
        nn.Conv2D(1, 4, 3, 2, "same"), nn.LeakyReLU(0.2), nn.Flatten(), nn.Dense(196, 10), nn.Dropout(0.5)
    )
    lines = image.summary((14, 14, 1)).splitlines()
    assert lines[0].split() == ["layer", "output", "parameters"]
    assert [line.split()[0] for line in lines[2:]] == ["0", "1", "2", "3", "4", "2,010"]
    assert lines[2].endswith("(N, 7, 7, 4)          40")
    assert "(N, 196)" in lines[4] and lines[4].endswith(" 0")
    assert "(N, 10)" in lines[5] and lines[5].endswith("1,970")
    assert lines[-1] == "2,010 parameters in all"
    assert "(N," not in image.summary()


def test_summary_leaves_the_network_as_it_was(rng):
    network = nn.Sequential(net(), nn.Dropout(0.5))
    network[0][1].eval()
    before, draws = network.state_dict(), network[1].rng.bit_generator.state
    network.summary((3,))
    assert all(np.array_equal(before[name], value) for name, value in network.state_dict().items())
    assert [m.training for _, m in network.modules()] == [True, True, True, False, True, True, True]
    assert network[1].rng.bit_generator.state == draws
    assert not any("forward" in vars(m) for _, m in network.modules())
    with pytest.raises(ValueError, match=r"Dense\(3, 5\)"):
        network.summary((4,))
    assert not any("forward" in vars(m) for _, m in network.modules())


class Headed(nn.Sequential):
    """A Sequential with a forward, layers and a parameter of its own."""

    def __init__(self):
        super().__init__(nn.Dense(2, 3), nn.LeakyReLU(0.2))
        self.heads = {"a": nn.Dense(3, 1), "b": [nn.BatchNorm(3)]}
        self.scale = Tensor(np.ones(1, np.float32), requires_grad=True)

    def forward(self, x):
        return self.heads["a"](self.heads["b"][0](super().forward(x))) * self.scale


def test_a_subclass_of_sequential_has_all_its_attributes_and_dicts_count():
    net = Headed()
    names = ["scale", "0.W", "0.b", "heads.a.W", "heads.a.b", "heads.b.0.gamma", "heads.b.0.beta"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [name for name, _ in net.buffers()] == ["heads.b.0.running_mean", "heads.b.0.running_var"]
    assert not net.eval().heads["b"][0].training and net.train().heads["b"][0].training
    before = net.state_dict()
    opt = tg.optim.Adam(net.parameters(), lr=0.1)
    x = Tensor(np.random.default_rng(0).standard_normal((8, 2)).astype(np.float32))
    opt.step(grad(((net(x) - 1.0) ** 2).mean(), net.parameters()))
    # BatchNorm takes the mean away again, so the bias before it has no slope but rounding's: it may stay where it is
    assert all((before[name] != net.state_dict()[name]).any() for name in names if name != "0.b")
    net.load_state_dict(before)
    assert np.array_equal(net.heads["a"].W.data, before["heads.a.W"])
    assert net.astype(np.float64).heads["b"][0].running_var.dtype == np.float64


def test_its_repr_and_summary_show_all_of_it():
    net = Headed()
    assert repr(net).startswith("Headed(\n  0: Dense(2, 3)") and "heads.a: Dense(3, 1)" in repr(net)
    table = net.summary((2,))
    assert "heads.a" in table and "heads.b.0" in table and f"{2 * 3 + 3 + 3 + 1 + 3 + 3 + 1} parameters in all" in table
    counts = [int(line.split()[-1]) for line in table.splitlines()[2:-1]]
    assert sum(counts) == 20 and all(len(line) == len(table.splitlines()[0]) for line in table.splitlines()[2:-1])


def test_a_layer_in_its_list_and_an_attribute_of_it_is_one():
    class Net(nn.Sequential):
        def __init__(self):
            self.first = nn.Dense(2, 2)
            super().__init__(self.first, nn.Tanh())

    assert [name for name, _ in Net().named_parameters()] == ["0.W", "0.b"]


@pytest.mark.parametrize(
    "wrong, said", [(nn.Dense, "type"), ([nn.Dense(1, 1)], "list"), (np.tanh, "ufunc"), (None, "None")]
)
def test_what_is_no_layer_is_refused_where_it_is_put(wrong, said):
    with pytest.raises(TypeError, match=f"Sequential takes layers, one after the other, not a {said}"):
        nn.Sequential(nn.Dense(1, 1), wrong)


@pytest.mark.parametrize("keep", [list, tuple, lambda xs: dict(enumerate(xs))], ids=["list", "tuple", "dict"])
def test_what_is_changed_in_an_attribute_is_changed_inside_and_what_is_not_stays_the_same_object(keep):
    a, b, new = nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    value = keep([a, [b, "text"], 3])
    assert with_members(value, lambda x: x) is value
    changed = with_members(value, lambda x: new if x is b else x)
    assert type(changed) is type(value) and changed[0] is a and changed[1] == [new, "text"] and changed[2] == 3
    assert with_members(value, lambda x: new if x is a else x)[1] is value[1] and value[1] == [b, "text"]


def test_sets_of_other_things_are_no_layers():
    net = nn.ReLU()
    net.names, net.nothing = {"a", 3}, set()
    assert net.parameters() == []


@pytest.mark.parametrize("more", [[], ["a name"]], ids=["alone", "among other things"])
def test_layers_in_a_set_are_refused(more):
    class Net(nn.Module):
        def __init__(self):
            self.parts = {nn.Dense(1, 1), *more}

    with pytest.raises(
        TypeError, match="parts is a set, which has no order: keep layers and Tensors in a list or a dict"
    ):
        Net().parameters()


def test_what_is_added_to_a_discriminator_reaches_dicts_and_refuses_a_forward_of_its_own():
    net = Headed()
    wrapped = with_spectral_norm(net, np.random.default_rng(0))
    assert isinstance(wrapped.heads["a"], nn.SpectralNorm) and isinstance(net.heads["a"], nn.Dense)
    with pytest.raises(ValueError, match="MinibatchStd goes into a Sequential, and this discriminator is a Headed"):
        with_minibatch_std(net)
    new = Tensor(np.zeros((3, 1), np.float32))
    with replaced(net, {id(net.heads["a"].W): new}):
        assert net.heads["a"].W is new
    assert net.heads["a"].W is not new


def test_the_range_of_a_sequential_with_a_forward_of_its_own_is_not_guessed():
    class Net(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 255

    assert output_range(nn.Sequential(nn.Tanh())) == (-1, 1) and output_range(Net(nn.Tanh())) is None
