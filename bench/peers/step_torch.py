"""The step in PyTorch: `step_torch.py <net> eager|compile`."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from contest import BATCH, CLASSES, ROWS, contest

name, how = sys.argv[1:3]
THREADS = 2
TEMPERATURE = 4.0
torch.set_num_threads(THREADS)
torch.manual_seed(0)


class Residual(nn.Module):
    def __init__(self, before, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.shortcut = nn.Identity()
        if before != filters:
            convolution = nn.Conv2d(before, filters, 1, stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(filters))

    def forward(self, x):
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(inner + self.shortcut(x))


def stem():
    return [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]


def ending(features):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, CLASSES)]


def separable(before, filters, stride):
    return [
        nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
        nn.BatchNorm2d(before),
        nn.ReLU(),
        nn.Conv2d(before, filters, 1, bias=False),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
    ]


def mlp(*units):
    layers = []
    for before, after in zip(units, units[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def mobilenet():
    layers, before = stem(), 16
    blocks = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]
    for filters, stride in blocks:
        layers += separable(before, filters, stride)
        before = filters
    return nn.Sequential(*layers, *ending(before))


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Linear(128, CLASSES),
    )


def resnet8():
    blocks = [Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)]
    return nn.Sequential(*stem(), *blocks, *ending(64))


net, shape = {
    "784-64-10": lambda: (mlp(784, 64, CLASSES), (784,)),
    "784-800-800-10": lambda: (mlp(784, 800, 800, CLASSES), (784,)),
    "conv32-conv64-pool-128-10": lambda: (convnet(), (1, 28, 28)),
    "resnet8": lambda: (resnet8(), (3, 32, 32)),
    "mobilenet-tiny": lambda: (mobilenet(), (3, 32, 32)),
}[name]()
batch = BATCH[name]
x = torch.rand(ROWS, *shape)
y = torch.arange(ROWS) % CLASSES
teacher = 3 * torch.randn(ROWS, CLASSES)
order = torch.arange(ROWS).split(batch)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)


def loss_of(rows_x, rows_y, rows_teacher):
    logits = net(rows_x)
    p = F.log_softmax(rows_teacher / TEMPERATURE, 1)
    q = F.log_softmax(logits / TEMPERATURE, 1)
    soft = F.kl_div(q, p, reduction="batchmean", log_target=True) * TEMPERATURE**2
    return 0.9 * soft + 0.1 * F.cross_entropy(logits, rows_y)


def step(rows_x, rows_y, rows_teacher):
    loss = loss_of(rows_x, rows_y, rows_teacher)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


# Forward, backward and the optimizer in one: what `torch.compile` makes the most of.
take = torch.compile(step) if how == "compile" else step
steps = 0


def call():
    global steps
    rows = order[steps % (ROWS // batch)]
    take(x[rows], y[rows], teacher[rows])
    steps += 1
    return batch


contest(f"PyTorch {torch.__version__}", how, call)
