#!/usr/bin/env python3
"""Runs a student in TensorFlow, from the zip of a SavedModel (`format=savedmodel`). Needs tensorflow.

    load_savedmodel.py student.savedmodel.zip rows.json       prints the accuracy on labelled rows

In a Keras model it becomes a layer by `keras.layers.TFSMLayer(folder, call_endpoint="serving_default")`.
"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf


def load(file):
    folder = tempfile.mkdtemp()
    zipfile.ZipFile(file).extractall(folder)
    loaded = tf.saved_model.load(folder)
    about = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return [loaded, about]


def logits(loaded, about, rows):
    """Logits [rows, classes] of raw rows, shaped or flat."""
    shaped = np.asarray(rows, np.float32).reshape(len(rows), *about["network"]["inputShape"])
    return loaded.signatures["serving_default"](input=tf.constant(shaped))["logits"].numpy()


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: load_savedmodel.py student.savedmodel.zip rows.json")
    loaded, about = load(sys.argv[1])
    rows = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["data"]
    answers = logits(loaded, about, [row["features"] for row in rows]).argmax(axis=1)
    right = sum(about["classNames"][answer] == row["label"] for answer, row in zip(answers, rows))
    print(f"accuracy {right / len(rows):.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
