#!/usr/bin/env python3
"""Runs a student in onnxruntime, from an ONNX file (`format=onnx`). Needs onnxruntime and numpy.

    load_onnx.py student.onnx rows.json       prints the accuracy on labelled rows
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def load(file):
    return [onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])]


def logits(session, rows):
    """Logits [rows, classes] of raw rows, shaped or flat."""
    shape = session.get_inputs()[0].shape[1:]
    shaped = np.asarray(rows, np.float32).reshape(len(rows), *shape)
    return session.run(["logits"], {"input": shaped})[0]


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: load_onnx.py student.onnx rows.json")
    [session] = load(sys.argv[1])
    rows = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["data"]
    class_names = json.loads(session.get_modelmeta().custom_metadata_map["classNames"])
    answers = logits(session, [row["features"] for row in rows]).argmax(axis=1)
    right = sum(class_names[answer] == row["label"] for answer, row in zip(answers, rows))
    print(f"accuracy {right / len(rows):.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
