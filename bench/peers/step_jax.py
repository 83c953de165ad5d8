"""The step in JAX, many in one compiled scan: `step_jax.py <net>`."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from contest import BATCH, CLASSES, ROWS, contest

name = sys.argv[1]
batch = BATCH[name]
TEMPERATURE = 4.0
random = np.random.default_rng(0)
# Its convolutions have no fast gradient on a processor: few steps a call, or a call takes minutes.
STEPS = 32 if name.startswith("784") else 1
LAYOUT = ("NHWC", "HWIO", "NHWC")


def he(fan_in, shape):
    return jnp.asarray((random.standard_normal(shape) * np.sqrt(2 / fan_in)).astype("f"))


def kernel(size, before, after):
    return he(size * size * before, (size, size, before, after))


def linear(before, after):
    return {"w": he(before, (before, after)), "b": jnp.zeros(after)}


def norm(channels):
    return {"scale": jnp.ones(channels), "offset": jnp.zeros(channels)}


def conv(x, w, stride=1, padding="SAME", groups=1):
    return lax.conv_general_dilated(
        x, w, (stride, stride), padding, dimension_numbers=LAYOUT, feature_group_count=groups
    )


def batch_norm(x, p):
    mean = jnp.mean(x, (0, 1, 2))
    variance = jnp.mean(jnp.square(x), (0, 1, 2)) - jnp.square(mean)
    return (x - mean) * (lax.rsqrt(variance + 1e-3) * p["scale"]) + p["offset"]


def affine(x, p):
    return x @ p["w"] + p["b"]


def mlp(units):
    params = [linear(a, b) for a, b in zip(units, units[1:])]

    def forward(ps, x):
        for p in ps[:-1]:
            x = jax.nn.relu(affine(x, p))
        return affine(x, ps[-1])

    return params, forward, (units[0],)


def convnet():
    params = [kernel(3, 1, 32), jnp.zeros(32), kernel(3, 32, 64), jnp.zeros(64)]
    params += [linear(9216, 128), linear(128, CLASSES)]

    def forward(ps, x):
        x = jax.nn.relu(conv(x, ps[0], padding="VALID") + ps[1])
        x = jax.nn.relu(conv(x, ps[2], padding="VALID") + ps[3])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = jax.nn.relu(affine(x.reshape(x.shape[0], -1), ps[4]))
        return affine(x, ps[5])

    return params, forward, (28, 28, 1)


def resnet8():
    blocks = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
    params = {"stem": kernel(3, 3, 16), "stem_bn": norm(16), "logits": linear(64, CLASSES)}
    for index, (before, after, _) in enumerate(blocks):
        params[f"block{index}"] = {
            "conv1": kernel(3, before, after),
            "bn1": norm(after),
            "conv2": kernel(3, after, after),
            "bn2": norm(after),
            **({} if before == after else {"short": kernel(1, before, after), "bns": norm(after)}),
        }

    def forward(ps, x):
        x = jax.nn.relu(batch_norm(conv(x, ps["stem"]), ps["stem_bn"]))
        for index, (_, _, stride) in enumerate(blocks):
            p = ps[f"block{index}"]
            inner = jax.nn.relu(batch_norm(conv(x, p["conv1"], stride), p["bn1"]))
            inner = batch_norm(conv(inner, p["conv2"]), p["bn2"])
            short = batch_norm(conv(x, p["short"], stride), p["bns"]) if "short" in p else x
            x = jax.nn.relu(inner + short)
        return affine(jnp.mean(x, (1, 2)), ps["logits"])

    return params, forward, (32, 32, 3)


def mobilenet():
    blocks = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]
    params = {"stem": kernel(3, 3, 16), "stem_bn": norm(16), "logits": linear(256, CLASSES)}
    before = 16
    for index, (after, _) in enumerate(blocks):
        params[f"block{index}"] = {
            "depthwise": kernel(3, 1, before),
            "bn1": norm(before),
            "pointwise": kernel(1, before, after),
            "bn2": norm(after),
        }
        before = after

    def forward(ps, x):
        x = jax.nn.relu(batch_norm(conv(x, ps["stem"]), ps["stem_bn"]))
        for index, (_, stride) in enumerate(blocks):
            p = ps[f"block{index}"]
            x = conv(x, p["depthwise"], stride, groups=x.shape[-1])
            x = jax.nn.relu(batch_norm(x, p["bn1"]))
            x = jax.nn.relu(batch_norm(conv(x, p["pointwise"]), p["bn2"]))
        return affine(jnp.mean(x, (1, 2)), ps["logits"])

    return params, forward, (32, 32, 3)


params, forward, shape = {
    "784-64-10": lambda: mlp([784, 64, CLASSES]),
    "784-800-800-10": lambda: mlp([784, 800, 800, CLASSES]),
    "conv32-conv64-pool-128-10": convnet,
    "resnet8": resnet8,
    "mobilenet-tiny": mobilenet,
}[name]()
X = jnp.asarray(random.random((ROWS, *shape), dtype=np.float32))
Y = jax.nn.one_hot(np.arange(ROWS) % CLASSES, CLASSES)
TEACHER = jnp.asarray(3 * random.standard_normal((ROWS, CLASSES)).astype("f"))


def loss_of(ps, rows):
    logits = forward(ps, X[rows])
    p = jax.nn.log_softmax(TEACHER[rows] / TEMPERATURE)
    q = jax.nn.log_softmax(logits / TEMPERATURE)
    soft = TEMPERATURE**2 * jnp.mean(jnp.sum(jnp.exp(p) * (p - q), -1))
    hard = jnp.mean(-jnp.sum(Y[rows] * jax.nn.log_softmax(logits), -1))
    return 0.9 * soft + 0.1 * hard


def one(carry, rows):
    ps, momentum = carry
    loss, gradients = jax.value_and_grad(loss_of)(ps, rows)
    momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, gradients)
    return (jax.tree.map(lambda w, m: w - 0.01 * m, ps, momentum), momentum), loss


scan = jax.jit(lambda carry, rows: lax.scan(one, carry, rows), donate_argnums=0)
carry = (params, jax.tree.map(jnp.zeros_like, params))
steps = 0


def call():
    global carry, steps
    batches = ROWS // batch
    rows = [
        np.arange(batch, dtype=np.int32) + (steps + index) % batches * batch
        for index in range(STEPS)
    ]
    carry, loss = scan(carry, np.stack(rows))
    loss.block_until_ready()
    steps += STEPS
    return STEPS * batch


contest(f"JAX {jax.__version__}", f"jit, {STEPS} steps a call", call)
