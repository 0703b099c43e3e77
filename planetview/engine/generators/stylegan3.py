"""The synthesis network of StyleGAN3, both configurations T and R.

Written from the paper (arXiv 2106.12423). Filters, frequencies and rates come from the file: nothing is designed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from planetview.engine.generators.mapping import EqualizedLinear, Mapping
from planetview.engine.generators.recorded import Recorded, unusable
from planetview.engine.generators.resampling import Resampler

_EPSILON: Final = 1e-8
_ROOT2: Final = math.sqrt(2)
_LARGEST_SIDE: Final = 4096


def _never() -> None:
    """Check nothing."""


class FourierInput(nn.Module):
    """Waves of recorded frequencies, moved and turned as the style says, mixed to feature maps."""

    weight: Tensor
    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, recorded: Recorded, w_dim: int) -> None:
        super().__init__()
        self.channels = recorded.integer("channels", 1)
        self.width, self.height = recorded.integers("size", 2, least=1)
        self._rate, self._bandwidth = recorded.number("sampling_rate"), recorded.number("bandwidth")
        if not 0 < 2 * self._bandwidth < self._rate or max(self.width, self.height) > _LARGEST_SIDE:
            raise unusable("its input's rate, bandwidth or size is not possible")
        self.register_buffer("weight", torch.empty(self.channels, self.channels, device="meta"))
        self.register_buffer("transform", torch.empty(3, 3, device="meta"))
        self.register_buffer("freqs", torch.empty(self.channels, 2, device="meta"))
        self.register_buffer("phases", torch.empty(self.channels, device="meta"))
        self.affine = EqualizedLinear(recorded.child("affine"), w_dim, 4)

    def forward(self, w: Tensor) -> Tensor:
        """w: (n, w_dim) -> (n, channels, height, width)."""
        # (cosine, sine, shift in x, shift in y), scaled so that the first two are a rotation.
        pose = self.affine(w)
        pose = pose / pose[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, shift_x, shift_y = pose.unbind(dim=1)
        rotation = torch.stack((cosine, -sine, sine, cosine), dim=1).view(-1, 2, 2)
        shift = -torch.stack((shift_x, shift_y), dim=1).unsqueeze(2)
        linear = rotation @ self.transform[:2, :2]
        moved = rotation @ (self.transform[:2, 2:] + shift)
        phases = self.phases + (self.freqs @ moved).squeeze(2)
        freqs = self.freqs @ linear
        # Waves turned or scaled beyond the rate fade out instead of aliasing.
        fade = (self._rate / 2 - freqs.norm(dim=2)) / (self._rate / 2 - self._bandwidth)
        waves = torch.sin((self._grid(w) @ freqs.transpose(1, 2) + phases[:, None, :]) * (2 * math.pi))
        waves = waves * fade.clamp(0, 1)[:, None, :]
        maps: Tensor = waves @ (self.weight / math.sqrt(self.channels)).t()
        return maps.transpose(1, 2).reshape(len(w), self.channels, self.height, self.width)

    def _grid(self, like: Tensor) -> Tensor:
        """Return the positions of the pixel centres, (height * width, 2), x first."""
        x, y = (
            (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5 - side / 2) / self._rate
            for side in (self.width, self.height)
        )
        return torch.cartesian_prod(y, x).flip(1)


class FilteredLayer(nn.Module):
    """A styled convolution and an activation between two filters, so that no frequency folds over.

    The last layer, to the image, is a plain 1x1 convolution without activation.
    """

    weight: Tensor
    bias: Tensor
    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, recorded: Recorded, inputs: int, w_dim: int) -> None:
        super().__init__()
        self._to_image = recorded.flag("is_torgb")
        self.outputs, _, taps, _ = recorded.shape("weight", 4)
        if taps != recorded.integer("conv_kernel", 1, 15):
            raise unusable(f"the kernel of its layer '{recorded.path}' has another size than recorded")
        self.width, self.height = recorded.integers("out_size", 2, least=1)
        if max(self.width, self.height) > _LARGEST_SIDE:
            raise unusable(f"its layer '{recorded.path}' is too large")
        self._up, self._down = recorded.integer("up_factor", 1, 16), recorded.integer("down_factor", 1, 16)
        left, right, top, bottom = recorded.integers("padding", 4)
        self._padding = (left, right, top, bottom)
        self._clamp = recorded.number_or_none("conv_clamp")
        self.register_buffer("weight", torch.empty(self.outputs, inputs, taps, taps, device="meta"))
        self.register_buffer("bias", torch.empty(self.outputs, device="meta"))
        self.register_buffer("magnitude_ema", torch.empty((), device="meta"))
        for name in ("up_filter", "down_filter"):
            self.register_buffer(name, _empty_filter(recorded, name))
        self.affine = EqualizedLinear(recorded.child("affine"), w_dim, inputs)

    def prepare(self) -> None:
        """Compute what depends on the weights alone; call once they are in place."""
        weight = self.weight
        if not self._to_image:
            weight = weight * weight.square().mean(dim=(1, 2, 3), keepdim=True).rsqrt()
        self._kernel = weight
        self._energy = weight.square().sum(dim=(2, 3)).t().contiguous()
        self._raise = _resampler(self.up_filter, self._up, 1, self._padding, self._up**2, self.weight)
        self._lower = _resampler(self.down_filter, 1, self._down, (0, 0, 0, 0), 1, self.weight)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x: (n, inputs, h, h'), w: (n, w_dim) -> (n, outputs, height, width)."""
        style = self.affine(w)
        taps = self.weight.shape[2]
        # Over the whole batch; what one image changes for another is within the epsilon below.
        spread = math.sqrt(self.weight[0].numel()) if self._to_image else style.square().mean().sqrt()
        style = style / spread
        x = functional.conv2d(
            x * (style * self.magnitude_ema.rsqrt())[:, :, None, None], self._kernel, padding=taps - 1
        )
        if not self._to_image:
            x.mul_((style.square() @ self._energy + _EPSILON).rsqrt()[:, :, None, None])
        x.add_(self.bias[:, None, None])
        if self._raise is not None:
            x = self._raise(x)
        if not self._to_image:
            x = functional.leaky_relu(x, 0.2).mul_(_ROOT2)
        if self._clamp is not None:
            x = x.clamp(-self._clamp, self._clamp)
        if self._lower is not None:
            x = self._lower(x)
        if x.shape[2:] != (self.height, self.width):
            raise unusable(f"a layer gives {x.shape[3]}x{x.shape[2]} where {self.width}x{self.height} is recorded")
        return x


class Synthesis(nn.Module):
    """w (n, num_ws, w_dim) -> images (n, channels, side, side), nominally in [-1, 1], not clamped."""

    def __init__(self, recorded: Recorded, w_dim: int, num_ws: int, side: int, channels: int) -> None:
        super().__init__()
        self._names = recorded.texts("layer_names")
        self._scale = recorded.number("output_scale")
        if len(self._names) != num_ws - 1:
            raise unusable(f"{num_ws} rows of w do not fit {len(self._names)} layers")
        self.input = FourierInput(recorded.child("input"), w_dim)
        inputs, height, width = self.input.channels, 0, 0
        for name in self._names:
            if not name.isidentifier() or hasattr(self, name):
                raise unusable(f"a layer cannot be called {name[:40]!r}")
            layer = FilteredLayer(recorded.child(name), inputs, w_dim)
            self.add_module(name, layer)
            inputs, height, width = layer.outputs, layer.height, layer.width
        if (inputs, height, width) != (channels, side, side):
            raise unusable(f"its last layer gives {inputs} channels of {width}x{height} pixels")

    def noise_sides(self) -> list[int]:
        """Return the side of every plane of noise: StyleGAN3 takes none."""
        return []

    def forward(self, ws: Tensor, noise: object = "const", check: Callable[[], None] = _never) -> Tensor:
        """noise: ignored, there is none. check: called before every layer; may raise to cancel."""
        check()
        x = self.input(ws[:, 0])
        for row, name in enumerate(self._names, start=1):
            check()
            x = self.get_submodule(name)(x, ws[:, row])
        image: Tensor = x * self._scale
        return image


class StyleGAN3(nn.Module):
    """A StyleGAN3 generator built as its file describes it; tensors are still to be taken over.

    Raises UserError for descriptions that are not StyleGAN3's.
    """

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self.z_dim = recorded.integer("z_dim", 1)
        self.c_dim = recorded.integer("c_dim", 0)
        self.w_dim = recorded.integer("w_dim", 1)
        self.num_ws = recorded.integer("num_ws", 2, 256)
        self.side = recorded.integer("img_resolution", 4, _LARGEST_SIDE)
        self.channels = recorded.integer("img_channels", 1, 64)
        self.synthesis = Synthesis(recorded.child("synthesis"), self.w_dim, self.num_ws, self.side, self.channels)
        self.mapping = Mapping(recorded.child("mapping"), self.z_dim, self.c_dim, self.w_dim, self.num_ws)

    def prepare(self) -> None:
        """Compute what depends on the weights alone, on their device; call once they are in place."""
        for module in self.modules():
            if isinstance(module, FilteredLayer):
                module.prepare()


def _empty_filter(recorded: Recorded, name: str) -> Tensor | None:
    if not recorded.has_tensor(name):
        return None
    dimensions = 1 if recorded.module.tensors[name].ndim == 1 else 2
    shape = recorded.shape(name, dimensions)
    if len(set(shape)) != 1 or shape[0] > 256:
        raise unusable(f"its filter '{recorded.path}.{name}' is not square")
    return torch.empty(shape, device="meta")


def _resampler(
    taps: Tensor | None, up: int, down: int, padding: tuple[int, int, int, int], gain: int, like: Tensor
) -> Resampler | None:
    """Return what filters and changes the rate, or None where there is nothing to do; gain: in two dimensions."""
    if taps is None and up == down == 1 and not any(padding):
        return None
    if taps is None:
        return Resampler(like.new_full((1,), math.sqrt(gain)), up, down, padding)
    return Resampler(taps * (math.sqrt(gain) if taps.ndim == 1 else gain), up, down, padding)
