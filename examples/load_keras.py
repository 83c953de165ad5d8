#!/usr/bin/env python3
"""Builds a student as a Keras 3 model, from the safetensors file that the service delivers. Needs keras, safetensors, numpy.

    load_keras.py student.safetensors rows.json       prints the accuracy on labelled rows

The names and defaults of our layers are Keras' own, so the description in the file's metadata is translated word by word.
The result is an ordinary model: summary(), fit(), save().
"""

import json
import re
import sys
from pathlib import Path

import keras
import numpy as np
from safetensors import safe_open


def snake_case(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def keras_layer(name, layer):
    options = {snake_case(key): value for key, value in layer.items() if key != "type"}
    if "activation" in options:
        options["activation"] = snake_case(options["activation"])
    if "negative_slope" in options:
        return keras.layers.LeakyReLU(negative_slope=options["negative_slope"], name=name)
    kind = layer["type"][0].upper() + layer["type"][1:].replace("1d", "1D").replace("2d", "2D")
    return getattr(keras.layers, kind)(name=name, **options)


def load(file):
    with safe_open(file, framework="np") as stored:
        metadata = stored.metadata()
        tensors = {name: stored.get_tensor(name).astype(np.float32) for name in stored.keys()}
    network = json.loads(metadata["network"])
    x = rows = keras.Input(network["inputShape"], name="input")
    if "normalization.mean" in tensors:
        variance = tensors["normalization.standardDeviation"].astype(np.float64) ** 2
        x = keras.layers.Normalization(mean=tensors["normalization.mean"], variance=variance)(x)
    outputs, last = {"input": x}, "input"
    for placed in network["layers"]:
        inputs = [outputs[name] for name in placed.get("inputs", [last])]
        last = placed["name"]
        layer = keras_layer(last, placed["layer"])
        outputs[last] = layer(inputs if len(inputs) > 1 else inputs[0])
        layer.set_weights([tensors[f"{last}.{weight['name']}"] for weight in placed["weights"]])
    return [keras.Model(rows, outputs[last]), metadata]


def logits(model, metadata, rows):
    """Logits [rows, classes] of raw rows, shaped or flat."""
    return np.asarray(model(np.asarray(rows, np.float32).reshape(len(rows), *model.input_shape[1:])))


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: load_keras.py student.safetensors rows.json")
    model, metadata = load(sys.argv[1])
    rows = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["data"]
    class_names = json.loads(metadata["classNames"])
    answers = logits(model, metadata, [row["features"] for row in rows]).argmax(axis=1)
    right = sum(class_names[answer] == row["label"] for answer, row in zip(answers, rows))
    print(f"accuracy {right / len(rows):.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
