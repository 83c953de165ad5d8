"""A SavedModel as a layer of a Keras model, as the example says."""

import json
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np


def load(file):
    folder = tempfile.mkdtemp()
    zipfile.ZipFile(file).extractall(folder)
    shape = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))["network"]["inputShape"]
    rows = keras.Input(shape)
    layer = keras.layers.TFSMLayer(folder, call_endpoint="serving_default")
    return [keras.Model(rows, layer(rows)["logits"]), shape]


def logits(model, shape, rows):
    return model.predict(rows.reshape(len(rows), *shape), verbose=0)
