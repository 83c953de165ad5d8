#!/usr/bin/env python3
"""Saves a state_dict of PyTorch as safetensors, which the service takes as a teacher. Needs torch and safetensors.

    export_state_dict.py model.pth [weights.safetensors]

`model.pth` is what `torch.save(model.state_dict(), "model.pth")` wrote. Of a whole model (`torch.save(model, …)`) only the
program that made it can get the state_dict: load it there, and use the five lines of `export` on `model.state_dict()`.
Then, with the layers of the model in architecture.json (docs/api.md says how):

    curl -F weights=@weights.safetensors -F architecture=@architecture.json \
        'http://127.0.0.1:8080/v1/models?name=resnet&layout=pytorch&inputShape=32,32,3'
"""

import json
import sys

import torch
from safetensors.torch import save_file


def export(state, file):
    # Copies, because safetensors refuses tensors that share memory. The format keeps no order, so it goes into the metadata.
    tensors = {name: tensor.clone().contiguous() for name, tensor in state.items()}
    save_file(tensors, file, metadata={"order": json.dumps(list(tensors))})


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    state = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    export(state, sys.argv[2] if len(sys.argv) == 3 else "weights.safetensors")
