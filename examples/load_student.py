#!/usr/bin/env python3
"""Runs a student with NumPy alone, from the safetensors file that the service delivers.

    load_student.py student.safetensors rows.json       prints the accuracy on labelled rows

`rows.json` is what `GET /v1/datasets/{id}/preview` answers: {"data": [{"label": "3", "features": [...]}, ...]}.
Everything needed is in the file: the weights, the normalization of the inputs, and as metadata the network with every
layer and option. `load` and `logits` can be imported and used on your own arrays.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np


def load(file):
    """Returns (tensors by name, metadata). A safetensors file is a JSON header followed by raw numbers."""
    data = Path(file).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, not F32")
        numbers = np.frombuffer(data[8 + length + start : 8 + length + end], dtype="<f4")
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors, metadata


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
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


def apply_layer(layer, weights, x):
    kind = layer["type"]
    if kind == "dense":
        x = x @ weights["kernel"]
    elif kind == "conv2d":
        seen = windows(x, layer["kernelSize"], layer["strides"], layer["padding"])
        x = np.einsum("nhwcij,ijco->nhwo", seen, weights["kernel"], optimize=True)
    elif kind == "maxPooling2d":
        x = windows(x, layer["poolSize"], layer["strides"], layer["padding"], -np.inf).max((4, 5))
    elif kind == "averagePooling2d":
        options = (layer["poolSize"], layer["strides"], layer["padding"])
        # Pixels of the border are not counted.
        count = windows(np.ones_like(x), *options).sum((4, 5))
        x = windows(x, *options).sum((4, 5)) / count
    elif kind == "globalAveragePooling2d":
        x = x.mean((1, 2))
    elif kind == "flatten":
        x = x.reshape(len(x), -1)
    elif kind == "batchNormalization":
        scale = weights["gamma"] / np.sqrt(weights["movingVariance"] + np.float32(layer["epsilon"]))
        x = (x - weights["movingMean"]) * scale + weights["beta"]
    elif kind not in ("dropout", "activation"):  # dropout does nothing outside training
        raise ValueError(f"layer type {kind} is not known here")
    if "bias" in weights:
        x = x + weights["bias"]
    return ACTIVATIONS[layer.get("activation", "linear")](x)


def logits(tensors, metadata, rows):
    """Logits [rows, classes] of raw rows: [rows, features], or [rows, height * width * channels]."""
    network = json.loads(metadata["network"])
    x = np.asarray(rows, dtype=np.float32).reshape(len(rows), *network["inputShape"])
    if "normalization.mean" in tensors:
        x = (x - tensors["normalization.mean"]) / tensors["normalization.standardDeviation"]
    for placed in network["layers"]:
        names = [weight["name"] for weight in placed["weights"]]
        weights = {name: tensors[f"{placed['name']}.{name}"] for name in names}
        x = apply_layer(placed["layer"], weights, x)
    return x


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
