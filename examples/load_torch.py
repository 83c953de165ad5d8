#!/usr/bin/env python3
"""Runs a student in PyTorch, from the safetensors file that the service delivers. Needs torch, safetensors and numpy.

    load_torch.py student.safetensors rows.json       prints the accuracy on labelled rows

`Student` is a module with the weights as parameters, to be trained on, pruned or exported. PyTorch has channels first:
images are turned when they come in and back before they become vectors, kernels once, when they are loaded.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open

ACTIVATIONS = {
    "linear": lambda x: x,
    "leakyRelu": lambda x, slope=0.2: F.leaky_relu(x, slope),
    "swish": F.silu,
    **{name: getattr(F, name) for name in ("relu", "relu6", "elu", "gelu", "tanh", "sigmoid")},
}


def channels_last(x):
    return x.movedim(1, -1) if x.ndim == 4 else x


def channels_first(x):
    return x.movedim(-1, 1) if x.ndim == 4 else x


def pad(x, size, strides, padding, value=0.0):
    """TensorFlow's padding "same": the odd pixel goes to the bottom and to the right."""
    if padding == "valid":
        return x
    border = []
    for pixels, window, stride in zip(x.shape[2:], size, strides):
        total = max((-(-pixels // stride) - 1) * stride + window - pixels, 0)
        border = [total // 2, total - total // 2, *border]
    return F.pad(x, border, value=value)


def as_image(layer):
    """Layers on sequences are layers on images of width 1."""
    wide = {**layer, "type": layer["type"].replace("1d", "2d")}
    for option in ("kernelSize", "strides", "poolSize", "size"):
        if option in layer:
            wide[option] = [layer[option], 1]
    if layer["type"] == "zeroPadding1d":
        wide["padding"] = [layer["padding"], [0, 0]]
    return wide


class Student(torch.nn.Module):
    def __init__(self, file):
        super().__init__()
        with safe_open(file, framework="pt") as stored:
            self.metadata = stored.metadata()
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}
        self.network = json.loads(self.metadata["network"])
        self.weights = torch.nn.ParameterDict()
        for name, tensor in tensors.items():
            layer, weight = name.rsplit(".", 1)
            if tensor.ndim == 3:  # of a sequence: an image of width 1
                tensor = tensor.unsqueeze(1)
            if tensor.ndim == 4 and weight == "depthwiseKernel":  # [h, w, in, multiplier] to [in * multiplier, 1, h, w]
                tensor = tensor.permute(2, 3, 0, 1).reshape(-1, 1, *tensor.shape[:2])
            elif tensor.ndim == 4:  # [h, w, in, out] to [out, in, h, w]
                tensor = tensor.permute(3, 2, 0, 1)
            fixed = weight.startswith("moving") or layer == "normalization"
            self.weights[f"{layer}/{weight}"] = torch.nn.Parameter(tensor.contiguous(), requires_grad=not fixed)

    def convolve(self, layer, x, kernel, bias, groups):
        x = pad(x, layer["kernelSize"], layer["strides"], layer["padding"])
        return F.conv2d(x, kernel, bias, stride=layer["strides"], groups=groups)

    def pool(self, layer, x):
        size, strides, padding = layer["poolSize"], layer["strides"], layer["padding"]
        if layer["type"] == "maxPooling2d":
            return F.max_pool2d(pad(x, size, strides, padding, -torch.inf), size, strides)
        count = F.avg_pool2d(pad(torch.ones_like(x), size, strides, padding), size, strides)
        return F.avg_pool2d(pad(x, size, strides, padding), size, strides) / count

    def layer(self, placed, inputs):
        layer, x = placed["layer"], inputs[0]
        kind = layer["type"]
        w = {one["name"]: self.weights[f"{placed['name']}/{one['name']}"] for one in placed["weights"]}
        bias = w.get("bias")
        if kind.endswith("1d"):
            x = self.layer({**placed, "layer": as_image(layer)}, [x.movedim(-1, 1).unsqueeze(-1)])
            return x.squeeze(-1).movedim(1, -1) if x.ndim == 4 else x
        if kind == "dense":
            x = F.linear(x, w["kernel"].T, bias)
        elif kind == "conv2d":
            x = self.convolve(layer, x, w["kernel"], bias, 1)
        elif kind == "depthwiseConv2d":
            x = self.convolve(layer, x, w["depthwiseKernel"], bias, x.shape[1])
        elif kind == "separableConv2d":
            x = self.convolve(layer, x, w["depthwiseKernel"], None, x.shape[1])
            x = F.conv2d(x, w["pointwiseKernel"], bias)
        elif kind in ("maxPooling2d", "averagePooling2d"):
            x = self.pool(layer, x)
        elif kind == "globalAveragePooling2d":
            x = x.mean((2, 3))
        elif kind == "globalMaxPooling2d":
            x = x.amax((2, 3))
        elif kind == "zeroPadding2d":
            x = F.pad(x, [*layer["padding"][1], *layer["padding"][0]])
        elif kind == "upSampling2d":
            x = x.repeat_interleave(layer["size"][0], 2).repeat_interleave(layer["size"][1], 3)
        elif kind == "embedding":
            x = F.embedding(x.long(), w["embeddings"])
        elif kind == "rescaling":
            x = x * layer["scale"] + layer["offset"]
        elif kind == "reshape":
            x = channels_first(channels_last(x).reshape(len(x), *placed["outputShape"]))
        elif kind == "flatten":
            x = channels_last(x).flatten(1)
        elif kind == "batchNormalization":
            scale = w["gamma"] * torch.rsqrt(w["movingVariance"] + layer["epsilon"])
            x = channels_first((channels_last(x) - w["movingMean"]) * scale + w["beta"])
        elif kind == "layerNormalization":
            x = channels_first(F.layer_norm(channels_last(x), w["gamma"].shape, w["gamma"], w["beta"], layer["epsilon"]))
        elif kind == "add":
            x = sum(inputs[1:], start=x)
        elif kind == "concatenate":
            x = torch.cat(inputs, 1 if x.ndim == 4 else -1)
        elif kind not in ("dropout", "activation"):  # for training on, put dropout back in
            raise ValueError(f"layer type {kind} is not known here")
        slope = [layer["negativeSlope"]] if "negativeSlope" in layer else []
        return ACTIVATIONS[layer.get("activation", "linear")](x, *slope)

    def forward(self, rows):
        """Logits [rows, classes] of raw rows, shaped or flat."""
        x = torch.as_tensor(rows, dtype=torch.float32).reshape(len(rows), *self.network["inputShape"])
        if "normalization/mean" in self.weights:
            x = (x - self.weights["normalization/mean"]) / self.weights["normalization/standardDeviation"]
        outputs, last = {"input": channels_first(x)}, "input"
        for placed in self.network["layers"]:
            inputs = [outputs[name] for name in placed.get("inputs", [last])]
            last = placed["name"]
            outputs[last] = self.layer(placed, inputs)
        return outputs[last]


def load(file):
    return [Student(file).eval()]


def logits(student, rows):
    with torch.no_grad():
        return student(rows).numpy()


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: load_torch.py student.safetensors rows.json")
    [student] = load(sys.argv[1])
    rows = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["data"]
    class_names = json.loads(student.metadata["classNames"])
    answers = logits(student, [row["features"] for row in rows]).argmax(axis=1)
    right = sum(class_names[answer] == row["label"] for answer, row in zip(answers, rows))
    print(f"accuracy {right / len(rows):.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
