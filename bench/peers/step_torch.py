"""The nets of bench/step.ts in PyTorch (eager), with the same objective, data held in memory and batches by index.

Run alone: python step_torch.py [threads] [rounds]
"""
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
ROWS, CLASSES, ROUND_S = 4096, 10, 1.5
torch.set_num_threads(THREADS)
# As TensorFlow does: gradients of a net that has learnt everything are denormal, and slow.
torch.set_flush_denormal(True)
torch.manual_seed(1)


def mlp(*widths):
    layers = []
    for i in range(len(widths) - 1):
        layers.append(nn.Linear(widths[i], widths[i + 1]))
        if i < len(widths) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def lenet(side):
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 84), nn.ReLU(), nn.Linear(84, CLASSES),
    )


def conv_bn():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES),
    )


CASES = [
    ("64-16-10", lambda: mlp(64, 16, 10), (64,), 64),
    ("784-64-10", lambda: mlp(784, 64, 10), (784,), 128),
    ("784-800-800-10", lambda: mlp(784, 800, 800, 10), (784,), 128),
    ("lenet 8x8", lambda: lenet(8), (1, 8, 8), 64),
    ("lenet 28x28", lambda: lenet(28), (1, 28, 28), 64),
    ("conv-bn 16x16", conv_bn, (3, 16, 16), 64),
]
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 1e-3, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
}


def loss_of(logits, labels, teacher, temperature=4.0):
    p, q = F.log_softmax(teacher / temperature, 1), F.log_softmax(logits / temperature, 1)
    soft = F.kl_div(q, p, reduction="batchmean", log_target=True) * temperature**2
    return 0.9 * soft + 0.1 * F.cross_entropy(logits, labels)


print("net, optimizer, samples a second, samples a second of processor time")
print(f"torch {torch.__version__}, {THREADS} threads")
for name, make, shape, batch in CASES:
    for optimizer_name, make_optimizer in OPTIMIZERS.items():
        net = make()
        optimizer = make_optimizer(net.parameters())
        x = torch.rand(ROWS, *shape)
        y = torch.arange(ROWS) % CLASSES
        teacher = 3 * torch.randn(ROWS, CLASSES)
        order = torch.arange(ROWS).split(batch)
        rates, cpu_rates = [], []
        for _ in range(ROUNDS):
            steps, begin, cpu_begin = 0, time.perf_counter(), time.process_time()
            while time.perf_counter() - begin < ROUND_S:
                rows = order[steps % (ROWS // batch)]
                optimizer.zero_grad()
                loss_of(net(x[rows]), y[rows], teacher[rows]).backward()
                optimizer.step()
                steps += 1
            rates.append(steps * batch / (time.perf_counter() - begin))
            cpu_rates.append(steps * batch / (time.process_time() - cpu_begin))
        wall, cpu = statistics.median(rates), statistics.median(cpu_rates)
        print(f"{name:16}{optimizer_name:8}{wall:12.0f}{cpu:12.0f}", flush=True)
