"""The engine in the browser against torch: forward, backward, descent, refusals."""

import base64
import copy
import json

import networks
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.functional import cross_entropy
from torch.nn.utils import prune

from d2lmini.nets.lenet import lenet
from d2lmini.nets.resnet import resnet18
from d2lmini.widgets import base, network
from d2lmini.widgets.network import export
from tools import products

COUNT = 80

# The engine with WebAssembly, and one that has none.
LOAD = """(text) => {
  const made = (WebAssembly) => eval(`const d2lmini = {}; ${text}; d2lmini.engine()`);
  globalThis.engine = made(globalThis.WebAssembly);
  globalThis.plain = made(undefined);
}"""
PRODUCTS = """(shapes) => shapes.map(([M, N, K]) => {
  const draw = engine.random(1);
  const drawn = (n) => Float32Array.from({ length: n }, () => draw() - 0.5);
  const [A, B, C] = [drawn(M * K + 3), drawn(K * N + 5), drawn(M * N + 2)];
  return ["multiply", "multiplyRows"].map((name) => [engine, plain].map((one) => {
    const sums = C.slice();
    one[name](M, N, K, A, 3, B, 5, sums, 2);
    return [...sums];
  }));
})"""
# Each job: the outputs in evaluation and training, the loss, all gradients.
PASS = """(jobs) => JSON.parse(jobs).map((job) => {
  const net = new engine.Network(job.net);
  const X = engine.tensor(job.X.shape, engine.numbers(job.X));
  const evaluated = [...net.forward(X).data];
  const trained = net.forward(X, { training: true });
  const { loss, grad } = engine.crossEntropy(trained, job.labels);
  const input = net.backward(grad);
  const norms = net.layers.filter((layer) => layer.mean);
  const moving = norms.flatMap((layer) => [[...layer.mean], [...layer.variance]]);
  return [loss, evaluated, [...trained.data], [...input.data], moving,
    net.parameters.map((p) => [...p.grad])];
})"""
FORWARD = """(text) => {
  const { net, X } = JSON.parse(text);
  const input = engine.tensor(X.shape, engine.numbers(X));
  return [...new engine.Network(net).forward(input).data];
}"""
# What is left of a picture of ones when every layer's output is set to zero.
ALTER = """(net) => {
  const X = engine.tensor([1, 1, 2, 2], Float32Array.of(1, 1, 1, 1));
  new engine.Network(net).forward(X, { alter: (_, Y) => Y.data.fill(0) });
  return [...X.data];
}"""
# Fifty steps over the same batches; returns the losses and the weights.
DESCEND = """([job, name, options, lr]) => {
  const { net: packed, batches } = JSON.parse(job);
  const net = new engine.Network(packed);
  const step = engine.OPTIMISERS[name](net.parameters, options);
  const losses = [];
  for (let i = 0; i < 50; i++) {
    const { X, labels } = batches[i % batches.length];
    const batch = engine.tensor(X.shape, engine.numbers(X));
    losses.push(engine.train(net, step, batch, labels, lr * engine.oneCycle(i / 50)));
  }
  return [losses, net.parameters.map((p) => [...p.value])];
}"""


@pytest.fixture(scope="module")
def engine(browser):
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.evaluate(LOAD, base.engine_text())
    yield page
    page.close()


def packed(X):
    data = base64.b64encode(X.contiguous().numpy().tobytes()).decode()
    return {"base64": data, "bits": 32, "shape": list(X.shape)}


def passed(net, X, labels):
    """What torch says: outputs, the input's gradient, those of the parameters."""
    evaluated = net.eval()(X).detach()
    X = X.clone().requires_grad_()
    trained = net.train()(X)
    cross_entropy(trained, labels).backward()
    grads = [parameter.grad for parameter in net.parameters()]
    return evaluated, trained.detach(), X.grad, grads


def distance(a, b):
    return float((torch.as_tensor(a, dtype=torch.float64).reshape(b.shape) - b).norm())


@pytest.fixture(scope="module")
def cases(engine):
    made, jobs = [], []
    for seed in range(COUNT):
        net, shape = networks.build(seed)
        X, labels = torch.randn(5, *shape), torch.randint(0, 4, (5,))
        job = {"net": export(net, shape), "X": packed(X), "labels": labels.tolist()}
        made.append((net, X, labels))
        jobs.append(job)
    answers = engine.evaluate(PASS, json.dumps(jobs))
    return list(zip(made, answers, strict=True))


def test_outputs_equal_torch(cases):
    for (net, X, labels), (loss, evaluated, trained, *_) in cases:
        twin = copy.deepcopy(net).double()
        truth = passed(twin, X.double(), labels)
        assert distance(evaluated, truth[0]) <= 1e-5 * (1 + truth[0].norm())
        own = passed(copy.deepcopy(net), X, labels)[1]
        near = max(1e-5 * (1 + truth[1].norm()), 3 * distance(own, truth[1]))
        assert distance(trained, truth[1]) <= near
        assert loss == pytest.approx(float(cross_entropy(truth[1], labels)), abs=1e-4)


def test_gradients_equal_torch(cases):
    """Within 1e-4, or as near to float64 as torch's own float32 comes."""
    count = 0
    for (net, X, labels), (_, _, _, input_grad, _, grads) in cases:
        truth = passed(copy.deepcopy(net).double(), X.double(), labels)
        own = passed(copy.deepcopy(net), X, labels)
        exact, rough = [truth[2], *truth[3]], [own[2], *own[3]]
        whole = torch.cat([grad.flatten() for grad in truth[3]]).norm()
        for mine, right, torchs in zip([input_grad, *grads], exact, rough, strict=True):
            near = max(1e-4 * right.norm(), 2e-5 * whole, 3 * distance(torchs, right))
            assert distance(mine, right) <= near
            count += 1
    assert count > 5 * COUNT


def test_moving_averages_equal_torch(cases):
    count = 0
    for (net, X, _), (*_, moving, _) in cases:
        twin = copy.deepcopy(net).train()
        with torch.no_grad():
            twin(X)
        norms = (
            m for m in twin.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
        )
        held = [t for m in norms for t in (m.running_mean, m.running_var)]
        assert len(held) == len(moving)
        for mine, right in zip(moving, held, strict=True):
            assert distance(mine, right) <= 1e-4 * (1 + right.norm())
            count += 1
    assert count > 50


@pytest.mark.parametrize(
    ("name", "options", "make", "lr"),
    [
        ("sgd", {"momentum": 0.9}, lambda p: torch.optim.SGD(p, 1, momentum=0.9), 0.05),
        ("adam", {}, lambda p: torch.optim.Adam(p, 1), 0.003),
    ],
)
def test_fifty_steps_end_where_torch_ends(engine, name, options, make, lr):
    from d2lmini.training.schedules import one_cycle

    torch.manual_seed(0)
    net = lenet(pool=nn.MaxPool2d)
    batches = [(torch.rand(16, 1, 28, 28), torch.randint(0, 10, (16,))) for _ in "1234"]
    job = {
        "net": export(net, (1, 28, 28)),
        "batches": [{"X": packed(X), "labels": y.tolist()} for X, y in batches],
    }
    losses, weights = engine.evaluate(DESCEND, [json.dumps(job), name, options, lr])
    optimiser, truth = make(net.parameters()), []
    for i in range(50):
        X, labels = batches[i % 4]
        for group in optimiser.param_groups:
            group["lr"] = lr * one_cycle(i / 50)
        loss = cross_entropy(net(X), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        truth.append(float(loss.detach()))
    assert losses == pytest.approx(truth, abs=1e-3)
    assert losses[-1] < losses[0]
    for mine, right in zip(weights, net.parameters(), strict=True):
        assert distance(mine, right.detach()) <= 1e-3 * (1 + right.norm())


@pytest.mark.parametrize(("bits", "size", "near"), [(16, 0.55, 0.01), (8, 0.28, 0.1)])
def test_fewer_bits_are_less_text_and_nearly_the_answer(engine, bits, size, near):
    torch.manual_seed(0)
    net, X = lenet(), torch.rand(3, 1, 28, 28)
    wide, narrow = (export(net, (1, 28, 28), bits=b) for b in (32, bits))
    assert len(json.dumps(narrow)) < size * len(json.dumps(wide))
    job = {"net": narrow, "X": packed(X), "labels": [0, 1, 2]}
    ((_, evaluated, *_),) = engine.evaluate(PASS, json.dumps([job]))
    assert distance(evaluated, net.eval()(X).detach()) < near


def test_the_products_are_the_same_with_and_without_webassembly(engine):
    shapes = [(1, 1, 1), (2, 4, 4), (3, 5, 7), (6, 784, 25), (17, 33, 10), (1, 19, 2)]
    for (M, N, K), answers in zip(
        shapes, engine.evaluate(PRODUCTS, shapes), strict=True
    ):
        for wide, plain in answers:
            assert wide[:2] == plain[:2] and len(wide) == M * N + 2
            assert wide == pytest.approx(plain, abs=1e-5)
            assert wide != pytest.approx([0] * len(wide), abs=1e-3), K


def test_the_bytes_of_the_products_are_those_of_their_source():
    if not products.WABT.exists():
        pytest.skip("wabt is not installed: npm ci")
    text = products.SCRIPT.read_text(encoding="utf-8")
    assert products.BYTES.search(text)[0] == products.assembled()


class Chain(nn.Module):
    """A forward that calls functions and methods in place of layers."""

    def __init__(self):
        super().__init__()
        self.wide, self.out = nn.Conv2d(1, 3, 3), nn.Linear(27, 2)

    def forward(self, X):
        Y = torch.nn.functional.max_pool2d(self.wide(X).relu(), 2)
        Y = torch.tanh(Y + torch.sigmoid(Y))
        return self.out(torch.flatten(Y, 1))


def test_functions_and_methods_are_layers_too(engine):
    net, X = Chain(), torch.randn(2, 1, 8, 8)
    before = copy.deepcopy(net.state_dict()), net.training
    job = {"net": export(net, (1, 8, 8)), "X": packed(X), "labels": [0, 1]}
    ((_, evaluated, *_),) = engine.evaluate(PASS, json.dumps([job]))
    assert distance(evaluated, net(X).detach()) < 1e-5
    assert net.training == before[1]
    assert all(
        torch.equal(a, b)
        for a, b in zip(before[0].values(), net.state_dict().values(), strict=True)
    )


class Written(nn.Module):
    """Layers, and the forward that calls them."""

    def __init__(self, forward, *layers):
        super().__init__()
        self.written, self.layers = forward, nn.ModuleList(layers)

    def forward(self, X):
        return self.written(X, *self.layers)


def conv():
    return nn.Conv2d(1, 1, 3, padding=1)


def rectifier():
    return nn.ReLU(inplace=True)


WRITTEN = {
    "what a layer has changed in place is read again": Written(
        lambda X, c, d, unit: d(unit(Y := c(X))) + Y, conv(), conv(), rectifier()
    ),
    "what a function has changed in place is": Written(
        lambda X, c: F.relu(Y := c(X), True) + Y, conv()
    ),
    "the picture is": Written(lambda X, unit: unit(X) + X, rectifier()),
    "another branch in training": Written(
        lambda X, c, d: c(X) if c.training else c(X) + d(X), conv(), conv()
    ),
    "by name": Written(lambda X, c: torch.cat(tensors=[c(input=X), X], dim=1), conv()),
    "a sum by name": Written(lambda X, c: torch.add(c(X), other=X), conv()),
    "pooling by name": Written(lambda X: F.avg_pool2d(input=X, kernel_size=[2, 3])),
    "lists": nn.Sequential(nn.MaxPool2d([2, 3]), nn.AdaptiveAvgPool2d([1, 1])),
}


def forward(engine, net, X, bits=32):
    job = {"net": export(net, tuple(X.shape[1:]), bits=bits), "X": packed(X)}
    return torch.tensor(engine.evaluate(FORWARD, json.dumps(job)))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_forward_may_be_written_in_many_ways(engine, name):
    net, X = WRITTEN[name].train(), torch.randn(2, 1, 6, 6)
    mine = forward(engine, net, X)
    truth = net.eval()(X.clone()).detach()
    assert mine.numel() == truth.numel()
    assert distance(mine, truth) < 1e-5
    assert distance(network.outputs(net, X)[-1], truth) < 1e-5


def norm(mean, variance, eps=1e-5):
    layer = nn.BatchNorm2d(1, eps=eps)
    nn.init.constant_(layer.running_mean, mean)
    nn.init.constant_(layer.running_var, variance)
    return layer


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (norm(100, 1e5), 100, 300),
        (norm(1000, 0.01), 1000, 0.1),
        (norm(0, 1e-9, eps=1e-12), 0, 3e-5),
        (nn.Conv2d(1, 1, 3), 0, 1e8),
        (nn.Conv2d(1, 1, 3), 0, 1e-6),
    ],
)
def test_what_16_bits_cannot_hold_takes_32(engine, bits, layer, mean, deviation):
    if isinstance(layer, nn.Conv2d):  # weights that undo the size of the picture
        nn.init.constant_(layer.weight, 1 / deviation)
    X = mean + deviation * torch.randn(2, 1, 4, 4)
    truth = layer.eval()(X).detach()
    mine = forward(engine, nn.Sequential(layer), X, bits)
    assert distance(mine, truth) < 1e-2 * truth.norm()


def test_no_number_stays_none(engine):
    X = torch.randn(3, 1, 6, 6)
    X[X > 0.5] = torch.nan
    mine, truth = forward(engine, nn.MaxPool2d(2), X), nn.MaxPool2d(2)(X).flatten()
    assert 0 < truth.isnan().sum() < truth.numel()
    assert torch.equal(mine.nan_to_num(9), truth.nan_to_num(9))


def test_who_alters_an_output_leaves_the_input_as_it_is(engine):
    net = export(nn.Flatten(), (1, 2, 2))
    assert engine.evaluate(ALTER, net) == [1, 1, 1, 1]


def test_the_books_networks_are_taken():
    for net, shape in ((lenet(), (1, 28, 28)), (resnet18(), (1, 96, 96))):
        nodes = export(net, shape, bits=16)["nodes"]
        weights = sum(1 for node in nodes if node.get("weight"))
        assert weights == sum(1 for m in net.modules() if hasattr(m, "weight"))


def added(X, c, d):
    Y = Z = c(X)
    Y += d(X)
    return Y + Z


def test_a_net_is_exported_whatever_the_default_device_is():
    net = lenet()
    with torch.device("meta"):
        assert export(net, (1, 28, 28)) == export(net, (1, 28, 28))


def hooked(layer):
    layer.register_forward_hook(lambda net, X, Y: 0 * Y)
    return Written(lambda X, c: c(X), layer)


def weighted(layer):
    """Its weights are made before each pass, of two others."""
    prune.l1_unstructured(layer, "weight", 0.5)
    return Written(lambda X, c: c(X), layer)


class Branching(nn.Module):
    def forward(self, X):
        return X if X.sum() > 0 else -X


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()),
            r"no GELU \(1\): it has .*Conv2d",
        ),
        (nn.Conv2d(1, 1, 3, padding_mode="circular"), "the padding mode 'circular'"),
        (nn.Conv2d(1, 1, 3, padding="same"), "the padding 'same'"),
        (nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), "ceil_mode"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(3)), "the output size 3"),
        (nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False)), "averages"),
        (Branching(), "Branching cannot be followed"),
        (nn.Sequential(nn.Linear(5, 5)), "does not fit the net"),
        (nn.Sequential(nn.AdaptiveMaxPool2d(1, return_indices=True)), "return_indices"),
        (Written(lambda X: X.flatten(1, end_dim=2)), "flatten has other dimensions"),
        (
            Written(
                lambda X, unit: torch.flatten(X, 1) + unit(X).flatten(1), rectifier()
            ),
            "add reads flatten, which has been changed in place",
        ),
        (
            Written(lambda X, drop, unit: drop(X) + unit(X), nn.Dropout(), rectifier()),
            "add reads layers_0, which has been changed in place",
        ),
        (Written(added, conv(), conv()), "Written puts out other numbers"),
        (
            Written(lambda X, c, pool: c(X) + pool(X), conv(), nn.AvgPool2d(8)),
            r"add adds \(1, 8, 8\) and \(1, 1, 1\)",
        ),
        (hooked(conv()), "layers.0 has a hook"),
        (weighted(conv()), "layers.0 has a hook"),
    ],
)
def test_what_the_engine_lacks_is_refused_by_name(net, words):
    module = nn.Sequential(net) if isinstance(net, nn.Conv2d) else net
    with pytest.raises(ValueError, match=words):
        export(module, (1, 8, 8))
    with pytest.raises(ValueError, match="give 8, 16 or 32"):
        export(nn.Sequential(nn.Flatten()), (1, 8, 8), bits=4)
