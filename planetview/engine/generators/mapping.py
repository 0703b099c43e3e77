"""The mapping network of StyleGAN2 and StyleGAN3: latents z and labels c to styles w.

Source: Karras et al., arXiv 1812.04948 and 1912.04958.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from planetview.engine.generators.recorded import Recorded

_EPSILON: Final = 1e-8
_ROOT2: Final = math.sqrt(2)

# Activation by its recorded name, and the gain that keeps its variance.
ACTIVATIONS: Final[dict[str, tuple[Callable[[Tensor], Tensor], float]]] = {
    "linear": (lambda x: x, 1.0),
    "lrelu": (lambda x: functional.leaky_relu(x, 0.2), _ROOT2),
    "relu": (functional.relu, _ROOT2),
    "swish": (functional.silu, _ROOT2),
    "tanh": (torch.tanh, 1.0),
    "sigmoid": (torch.sigmoid, 1.0),
    "elu": (functional.elu, 1.0),
    "selu": (functional.selu, 1.0),
    "softplus": (functional.softplus, 1.0),
}


def unit_variance(x: Tensor) -> Tensor:
    """Return (n, d) features scaled to a mean square of 1 in each row."""
    return x * (x.square().mean(dim=1, keepdim=True) + _EPSILON).rsqrt()


class EqualizedLinear(nn.Module):
    """y = g f((weight gain) W x + (bias gain) b), with the recorded gains; f and g by the recorded activation."""

    weight: Tensor
    bias: Tensor

    def __init__(self, recorded: Recorded, inputs: int, outputs: int | None = None) -> None:
        super().__init__()
        outputs = recorded.shape("weight", 2)[0] if outputs is None else outputs
        self.register_buffer("weight", torch.empty(outputs, inputs, device="meta"))
        self.register_buffer("bias", torch.empty(outputs, device="meta"))
        self.outputs = outputs
        self._weight_gain = recorded.number("weight_gain")
        self._bias_gain = recorded.number("bias_gain")
        self._activation, self._gain = ACTIVATIONS[recorded.text("activation", ACTIVATIONS)]

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, inputs) -> (n, outputs)."""
        linear = functional.linear(x, self.weight * self._weight_gain, self.bias * self._bias_gain)
        return self._activation(linear) * self._gain


class Mapping(nn.Module):
    """z (n, z_dim) and c (n, c_dim) -> w (n, num_ws, w_dim).

    averages: whether the file holds the mean w, without which nothing can be truncated.
    """

    w_avg: Tensor

    def __init__(self, recorded: Recorded, z_dim: int, c_dim: int, w_dim: int, num_ws: int) -> None:
        super().__init__()
        self._c_dim, self._num_ws = c_dim, num_ws
        self._layers = recorded.integer("num_layers", 1, 64)
        width = z_dim
        if c_dim:
            self.embed = EqualizedLinear(recorded.child("embed"), c_dim)
            width += self.embed.outputs
        for i in range(self._layers):
            last = i == self._layers - 1
            layer = EqualizedLinear(recorded.child(f"fc{i}"), width, w_dim if last else None)
            self.add_module(f"fc{i}", layer)
            width = layer.outputs
        self.averages = recorded.has_tensor("w_avg")
        if self.averages:
            self.register_buffer("w_avg", torch.empty(w_dim, device="meta"))

    def forward(self, z: Tensor, c: Tensor | None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """Return w. psi: truncation towards the mean w, of the first `cutoff` rows (None: all); 1 is none."""
        hidden = unit_variance(z)
        if self._c_dim:
            hidden = torch.cat((hidden, unit_variance(self.embed(c))), dim=1)
        for i in range(self._layers):
            hidden = self.get_submodule(f"fc{i}")(hidden)
        w = hidden.unsqueeze(1).repeat(1, self._num_ws, 1)
        if psi != 1:
            w[:, :cutoff] = torch.lerp(self.w_avg, w[:, :cutoff], psi)
        return w
