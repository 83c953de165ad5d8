"""The loop of a five-fold job in PyTorch: `job_torch.py <images.idx.gz> <labels.idx.gz>`."""

import gzip
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FOLDS, EPOCHS, BATCH, TEMPERATURE = 5, 3, 128, 4.0
torch.set_num_threads(2)


def read(path, offset):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


labels = torch.from_numpy(read(sys.argv[2], 8).astype(np.int64))
pixels = torch.from_numpy(read(sys.argv[1], 16).reshape(len(labels), -1).astype(np.float32))


def mlp(hidden):
    return nn.Sequential(
        nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 10)
    )


def train(net, x, y, teacher=None):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            logits = net(x[rows])
            loss = F.cross_entropy(logits, y[rows])
            if teacher is not None:
                p = F.log_softmax(teacher[rows] / TEMPERATURE, 1)
                q = F.log_softmax(logits / TEMPERATURE, 1)
                soft = F.kl_div(q, p, reduction="batchmean", log_target=True) * TEMPERATURE**2
                loss = 0.9 * soft + 0.1 * loss
            loss.backward()
            optimizer.step()


@torch.no_grad()
def answer(net, x):
    return torch.cat([net(part) for part in x.split(1024)])


def run(training, held_out):
    mean, deviation = pixels[training].mean(), pixels[training].std()
    x, y = (pixels[training] - mean) / deviation, labels[training]
    teacher, student, control = mlp(1200), mlp(800), mlp(800)
    train(teacher, x, y)
    train(student, x, y, answer(teacher, x))
    if held_out is None:
        return None
    train(control, x, y)
    held = (pixels[held_out] - mean) / deviation
    right = [(answer(net, held).argmax(1) == labels[held_out]).float().mean().item() for net in (teacher, student, control)]
    return right


torch.manual_seed(0)
order = torch.randperm(len(labels))
parts = order.chunk(FOLDS)
accuracies = [
    run(torch.cat([part for other, part in enumerate(parts) if other != fold]), parts[fold])
    for fold in range(FOLDS)
]
run(order, None)
print("teacher, distilled, control:", np.mean(accuracies, 0).round(4).tolist())
