"""Runs models with one of the examples: drive.py FOLDER MODULE, and on stdin a JSON list of {file, rows, count, answers}.

`rows` is a file of raw float32 rows, `answers` the file that is written: float32 logits."""

import importlib
import json
import sys

import numpy as np

sys.path[:0] = [sys.argv[1]]
module = importlib.import_module(sys.argv[2])
for case in json.load(sys.stdin):
    rows = np.fromfile(case["rows"], dtype="<f4").reshape(case["count"], -1)
    answers = np.asarray(module.logits(*module.load(case["file"]), rows))
    answers.astype("<f4").tofile(case["answers"])
