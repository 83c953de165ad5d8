#!/usr/bin/env python3
"""Runs a student with NumPy alone, from the safetensors file that the service delivers.

    load_student.py student.safetensors rows.json       prints the accuracy on labelled rows

`rows.json` is what `GET /v1/datasets/{id}/preview` answers: {"data": [{"label": "3", "features": [...]}, ...]}.
Everything needed is in the file: the weights, the normalization of the inputs, and as metadata the network with every
layer and option. `load` and `logits` can be imported and used on your own arrays.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np


DTYPES = {"F32": "<f4", "F16": "<f2"}


def load(file):
    """Returns (tensors by name, metadata). A safetensors file is a JSON header followed by raw numbers."""
    data = Path(file).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        numbers = np.frombuffer(data[8 + length + start : 8 + length + end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = numbers.astype(np.float32).reshape(entry["shape"])
    return tensors, metadata


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


erf = np.vectorize(math.erf, otypes=[np.float32])

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leakyRelu": lambda x, slope=0.2: np.where(x > 0, x, np.float32(slope) * x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x * np.float32(math.sqrt(0.5)))),
    "swish": lambda x: x * sigmoid(x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}


def pad(x, size, strides, padding, value):
    """Adds a border as TensorFlow's padding "same" does: the odd pixel goes to the bottom and to the right."""
    if padding == "valid":
        return x
    border = [(0, 0)]
    for pixels, window, stride in zip(x.shape[1:3], size, strides):
        total = max((-(-pixels // stride) - 1) * stride + window - pixels, 0)
        border.append((total // 2, total - total // 2))
    return np.pad(x, [*border, (0, 0)], constant_values=value)


def windows(x, size, strides, padding, value=0.0):
    """[rows, height, width, channels] to [rows, out height, out width, channels, window height, window width]."""
    padded = pad(x, size, strides, padding, value)
    seen = np.lib.stride_tricks.sliding_window_view(padded, tuple(size), axis=(1, 2))
    return seen[:, :: strides[0], :: strides[1]]


def depthwise(layer, weights, x):
    """Each channel with kernels of its own; the kernels of one channel stand side by side in the result."""
    seen = windows(x, layer["kernelSize"], layer["strides"], layer["padding"])
    result = np.einsum("nhwcij,ijcm->nhwcm", seen, weights["depthwiseKernel"], optimize=True)
    return result.reshape(*result.shape[:3], -1)


def as_image(layer, weights):
    """A layer on sequences [length, channels] as the one on images [length, 1, channels] that does the same."""
    layer = {**layer, "type": layer["type"].replace("1d", "2d")}
    for key in ("kernelSize", "strides", "poolSize", "size"):
        if key in layer:
            layer[key] = [layer[key], 1]
    if layer["type"] == "zeroPadding2d":
        layer["padding"] = [layer["padding"], [0, 0]]
    return layer, {name: w[:, None] if w.ndim == 3 else w for name, w in weights.items()}


def apply_layer(layer, weights, inputs):
    kind = layer["type"]
    x = inputs[0]
    if kind.endswith("1d"):
        x = apply_layer(*as_image(layer, weights), [x[:, :, None]])
        return x[:, :, 0] if x.ndim == 4 else x
    if kind == "dense":
        x = x @ weights["kernel"]
    elif kind == "conv2d":
        seen = windows(x, layer["kernelSize"], layer["strides"], layer["padding"])
        x = np.einsum("nhwcij,ijco->nhwo", seen, weights["kernel"], optimize=True)
    elif kind == "depthwiseConv2d":
        x = depthwise(layer, weights, x)
    elif kind == "separableConv2d":
        x = depthwise(layer, weights, x) @ weights["pointwiseKernel"][0, 0]
    elif kind == "maxPooling2d":
        x = windows(x, layer["poolSize"], layer["strides"], layer["padding"], -np.inf).max((4, 5))
    elif kind == "averagePooling2d":
        options = (layer["poolSize"], layer["strides"], layer["padding"])
        # Pixels of the border are not counted.
        count = windows(np.ones_like(x), *options).sum((4, 5))
        x = windows(x, *options).sum((4, 5)) / count
    elif kind == "globalAveragePooling2d":
        x = x.mean((1, 2))
    elif kind == "globalMaxPooling2d":
        x = x.max((1, 2))
    elif kind == "zeroPadding2d":
        x = np.pad(x, [(0, 0), *layer["padding"], (0, 0)])
    elif kind == "upSampling2d":
        x = x.repeat(layer["size"][0], axis=1).repeat(layer["size"][1], axis=2)
    elif kind == "embedding":
        x = weights["embeddings"][x.astype(np.int64)]
    elif kind == "reshape":
        x = x.reshape(len(x), *layer["targetShape"])
    elif kind == "rescaling":
        x = x * np.float32(layer["scale"]) + np.float32(layer["offset"])
    elif kind == "add":
        x = sum(inputs[1:], start=x)
    elif kind == "concatenate":
        x = np.concatenate(inputs, axis=-1)
    elif kind == "flatten":
        x = x.reshape(len(x), -1)
    elif kind == "batchNormalization":
        scale = weights["gamma"] / np.sqrt(weights["movingVariance"] + np.float32(layer["epsilon"]))
        x = (x - weights["movingMean"]) * scale + weights["beta"]
    elif kind == "layerNormalization":
        centred = x - x.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        x = centred / np.sqrt(variance + np.float32(layer["epsilon"])) * weights["gamma"] + weights["beta"]
    elif kind not in ("dropout", "activation"):  # dropout does nothing outside training
        raise ValueError(f"layer type {kind} is not known here")
    if "bias" in weights:
        x = x + weights["bias"]
    slope = [layer["negativeSlope"]] if "negativeSlope" in layer else []
    return ACTIVATIONS[layer.get("activation", "linear")](x, *slope)


def logits(tensors, metadata, rows):
    """Logits [rows, classes] of raw rows: [rows, features], or [rows, height * width * channels]."""
    network = json.loads(metadata["network"])
    x = np.asarray(rows, dtype=np.float32).reshape(len(rows), *network["inputShape"])
    if "normalization.mean" in tensors:
        x = (x - tensors["normalization.mean"]) / tensors["normalization.standardDeviation"]
    # Layers read those that they name, or the one before them.
    outputs, last = {"input": x}, "input"
    for placed in network["layers"]:
        names = [weight["name"] for weight in placed["weights"]]
        weights = {name: tensors[f"{placed['name']}.{name}"] for name in names}
        inputs = [outputs[name] for name in placed.get("inputs", [last])]
        last = placed["name"]
        outputs[last] = apply_layer(placed["layer"], weights, inputs)
    return outputs[last]


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: load_student.py student.safetensors rows.json")
    tensors, metadata = load(sys.argv[1])
    rows = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["data"]
    class_names = json.loads(metadata["classNames"])
    answers = logits(tensors, metadata, [row["features"] for row in rows]).argmax(axis=1)
    right = sum(class_names[answer] == row["label"] for answer, row in zip(answers, rows))
    manifest = json.loads(metadata["manifest"])
    print(f"arm {manifest['arm']}, seed {manifest['seed']}, classes {', '.join(class_names)}")
    for name, tensor in tensors.items():
        print(f"  {name} {list(tensor.shape)}")
    print(f"accuracy {right / len(rows):.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
