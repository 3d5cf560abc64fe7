#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A masked autoencoder in plain PyTorch, timed: the peer that mae_step and benchmark_device_cuda are compared with.

The model is the one of He et al. 2022 (arXiv 2111.06377) as PyTorch users write it: every patch is embedded by a
convolution, the visible ones are gathered, attention goes through scaled_dot_product_attention, the decoder predicts
every token, and the loss is the mean squared error to the normalized pixels of the masked patches. With --method rc-mae
(Lee et al. 2023, arXiv 2210.02077) a teacher predicts the same patches without gradients, the loss has the mean squared
difference of the two predictions besides, and after each step the teacher takes the moving average of the parameters.
One training step is zero_grad, forward, backward and AdamW; one evaluation step is the forward loss without gradients.
Images lie ready in the memory of the device that computes, so that no data loading is timed; bf16 is autocast with float
parameters.

Prints one line of JSON, with what mae_step prints: images per second as the median, the least and the greatest of the steps,
each of which ends when its loss has arrived at the host, and the resident memory in MB that model and steps took beyond that of
PyTorch itself. With --turns, one such line for each line of the standard input.
"""

import argparse
import copy
import dataclasses
import json
import os
import resource
import statistics
import sys
import time

# glibc gives every large activation back to the system and then pays for fresh pages in the next step. Keeping them is
# the faster setting for PyTorch on a CPU, by about a tenth. The allocator reads its limits when a process starts, hence
# the restart in main().
KEEP_PAGES = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 26),
}


@dataclasses.dataclass(frozen=True)
class Size:
    """Everything that fixes the model's shape; widths in channels, image and patch sides in pixels."""

    image: int
    patch: int
    width: int
    depth: int
    heads: int
    decoder_width: int
    decoder_depth: int
    decoder_heads: int
    mask_ratio: float = 0.75

    @property
    def grid(self):
        return self.image // self.patch


SIZES = {
    "small32": Size(32, 4, 96, 4, 3, 64, 1, 4),
    "tiny32": Size(32, 4, 192, 12, 3, 128, 2, 4),
    "base224": Size(224, 16, 768, 12, 12, 512, 8, 16),
}


def most_resident_megabytes():
    """The most memory that this process has had resident so far, in MB (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6  # Linux counts KiB


def build(size, method):
    """The model and its optimizer's groups; torch is imported here so that the restart above stays cheap."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def sincos(width, grid):
        """Fixed positions: half of the channels for the column, half for the row; a zero row for the class token."""
        rates = 10000.0 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
        angles = torch.arange(grid, dtype=torch.float64)[:, None] * rates
        axis = torch.cat([angles.sin(), angles.cos()], dim=1)  # (grid, width / 2)
        columns = axis.repeat(grid, 1)
        rows = axis.repeat_interleave(grid, dim=0)
        table = torch.cat([columns, rows], dim=1)
        return torch.cat([torch.zeros(1, width, dtype=torch.float64), table]).float()[None]  # (1, 1 + patches, width)

    class Attention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.qkv = nn.Linear(width, 3 * width)
            self.proj = nn.Linear(width, width)

        def forward(self, x):
            batch, tokens, width = x.shape
            qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (batch, heads, tokens, width / heads)
            x = F.scaled_dot_product_attention(q, k, v)
            return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.norm1 = nn.LayerNorm(width, eps=1e-6)
            self.attn = Attention(width, heads)
            self.norm2 = nn.LayerNorm(width, eps=1e-6)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, x):
            x = x + self.attn(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class MaskedAutoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = size.grid**2
            self.visible = int(self.patches * (1 - size.mask_ratio))
            self.patch_embed = nn.Conv2d(3, size.width, size.patch, stride=size.patch)
            self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
            self.register_buffer("positions", sincos(size.width, size.grid))
            self.blocks = nn.ModuleList(Block(size.width, size.heads) for _ in range(size.depth))
            self.norm = nn.LayerNorm(size.width, eps=1e-6)
            self.decoder_embed = nn.Linear(size.width, size.decoder_width)
            self.mask_token = nn.Parameter(torch.zeros(1, 1, size.decoder_width))
            self.register_buffer("decoder_positions", sincos(size.decoder_width, size.grid))
            self.decoder_blocks = nn.ModuleList(
                Block(size.decoder_width, size.decoder_heads) for _ in range(size.decoder_depth)
            )
            self.decoder_norm = nn.LayerNorm(size.decoder_width, eps=1e-6)
            self.decoder_pred = nn.Linear(size.decoder_width, 3 * size.patch**2)
            for module in self.modules():
                if isinstance(module, nn.Linear):
                    nn.init.xavier_uniform_(module.weight)
                    nn.init.zeros_(module.bias)
            nn.init.normal_(self.cls_token, std=0.02)
            nn.init.normal_(self.mask_token, std=0.02)

        def patchify(self, images):
            """(batch, 3, side, side) to (batch, patches, patch * patch * 3), channels last within a patch."""
            batch, grid, patch = images.shape[0], size.grid, size.patch
            cut = images.reshape(batch, 3, grid, patch, grid, patch).permute(0, 2, 4, 3, 5, 1)
            return cut.reshape(batch, grid * grid, 3 * patch * patch)

        def draw(self, images):
            """Which patches are visible, as the patches' order and its inverse."""
            shuffle = torch.rand(images.shape[0], self.patches, device=images.device).argsort(dim=1)
            return shuffle, shuffle.argsort(dim=1)

        def predict(self, images, shuffle, restore):
            batch = images.shape[0]
            x = self.patch_embed(images).flatten(2).transpose(1, 2) + self.positions[:, 1:]  # (batch, patches, width)
            kept = shuffle[:, : self.visible, None].expand(-1, -1, x.shape[2])
            cls = (self.cls_token + self.positions[:, :1]).expand(batch, -1, -1)
            x = torch.cat([cls, x.gather(1, kept)], dim=1)  # (batch, 1 + visible, width)
            for block in self.blocks:
                x = block(x)
            x = self.decoder_embed(self.norm(x))

            hidden = self.mask_token.expand(batch, self.patches - self.visible, -1)
            tokens = torch.cat([x[:, 1:], hidden], dim=1)
            tokens = tokens.gather(1, restore[:, :, None].expand(-1, -1, x.shape[2]))
            x = torch.cat([x[:, :1], tokens], dim=1) + self.decoder_positions  # (batch, 1 + patches, decoder width)
            for block in self.decoder_blocks:
                x = block(x)
            return self.decoder_pred(self.decoder_norm(x))[:, 1:]

        def reconstruction(self, images, predicted, masked):
            target = self.patchify(images)
            variance, mean = torch.var_mean(target, dim=-1, keepdim=True)
            target = (target - mean) / (variance + 1e-6).sqrt()
            return self.mean_of_masked((predicted - target) ** 2, masked)

        @staticmethod
        def mean_of_masked(values, masked):
            return (values.mean(dim=-1) * masked).sum() / masked.sum()

        def forward(self, images):
            shuffle, restore = self.draw(images)
            masked = (restore >= self.visible).to(images.dtype)  # (batch, patches), one where hidden
            return self.reconstruction(images, self.predict(images, shuffle, restore), masked)

    class ReconstructionConsistent(nn.Module):
        def __init__(self):
            super().__init__()
            self.student = MaskedAutoencoder()
            self.teacher = copy.deepcopy(self.student).requires_grad_(False)
            self.momentum = 0.996

        def forward(self, images):
            student = self.student
            shuffle, restore = student.draw(images)
            masked = (restore >= student.visible).to(images.dtype)
            with torch.no_grad():
                taught = self.teacher.predict(images, shuffle, restore)
            predicted = student.predict(images, shuffle, restore)
            consistency = student.mean_of_masked((predicted - taught) ** 2, masked)
            return student.reconstruction(images, predicted, masked) + consistency

        @torch.no_grad()
        def follow(self, one_by_one):
            """teacher = momentum teacher + (1 - momentum) student"""
            teacher, student = list(self.teacher.parameters()), list(self.student.parameters())
            if one_by_one:
                for average, current in zip(teacher, student):
                    average.lerp_(current, 1 - self.momentum)
            else:  # in few kernels for all of them
                torch._foreach_lerp_(teacher, student, 1 - self.momentum)

    model = ReconstructionConsistent() if method == "rc-mae" else MaskedAutoencoder()
    # As the reference does: no weight decay for tensors of one dimension.
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return model, groups


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", choices=["mae", "rc-mae"], default="mae", help="rc-mae: with a teacher")
    parser.add_argument("--size", choices=SIZES, default="tiny32")
    parser.add_argument("--mode", choices=["train", "eval"], default="train")
    parser.add_argument("--batch", type=int, default=100, help="images per step")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="time to measure for, after three steps of warm-up")
    parser.add_argument("--repeats", type=int, default=3, help="timed steps at least")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["float", "bf16"], default="float", help="bf16: by autocast")
    parser.add_argument("--turns", action="store_true", help="get ready, say so, measure once for each line of input")
    parser.add_argument("--compile", action="store_true", help="through torch.compile")
    parser.add_argument(
        "--compile-mode", choices=["default", "reduce-overhead", "max-autotune"], default="default", help="its mode"
    )
    parser.add_argument("--optimizer", choices=["fused", "foreach", "plain"], default="fused", help="kind of AdamW")
    parser.add_argument("--system-malloc", action="store_true", help="leave the allocator as it is")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if min(options.batch, options.threads, options.repeats) < 1 or options.seconds <= 0:
        parser.error("--batch, --threads, --repeats and --seconds must be positive")
    on_cpu = options.device == "cpu"
    if on_cpu and not options.system_malloc and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        os.environ.update(KEEP_PAGES)
        os.execv(sys.executable, [sys.executable, *sys.argv])

    import torch

    before_all = most_resident_megabytes()
    if not on_cpu and not torch.cuda.is_available():
        sys.exit("pytorch_peer.py: this PyTorch finds no CUDA device; use --device cpu")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.backends.cudnn.allow_tf32 = False  # float is full float in every product
    torch.backends.cuda.matmul.allow_tf32 = False
    size = SIZES[options.size]
    model, groups = build(size, options.method)
    model.to(options.device)
    kind = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {"foreach": False}}[options.optimizer]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), **kind)
    forward = torch.compile(model, mode=options.compile_mode) if options.compile else model
    images = torch.randn(options.batch, 3, size.image, size.image, device=options.device)

    def loss_of_images():
        with torch.autocast(options.device, dtype=torch.bfloat16, enabled=options.precision == "bf16"):
            return forward(images)

    def train_step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of_images()
        loss.backward()
        optimizer.step()
        if options.method == "rc-mae":
            model.follow(one_by_one=options.optimizer == "plain")
        return loss

    @torch.no_grad()
    def eval_step():
        return loss_of_images()

    model.train(options.mode == "train")
    step = train_step if options.mode == "train" else eval_step
    for _ in range(3 if on_cpu else 6):  # caches, compilation, optimizer state
        step().item()

    def turn():
        if not on_cpu:
            for _ in range(2):  # the device may have rested
                step().item()
        rates = []
        begin = time.perf_counter()
        while len(rates) < options.repeats or time.perf_counter() - begin < options.seconds:
            start = time.perf_counter()
            loss = step().item()
            rates.append(options.batch / (time.perf_counter() - start))
        line = {
            "method": options.method,
            "size": options.size,
            "mode": options.mode,
            "precision": options.precision,
            "batch": options.batch,
            "threads": options.threads,
            "images_per_second": round(statistics.median(rates), 2),
            "min": round(min(rates), 2),
            "max": round(max(rates), 2),
            "megabytes": round(most_resident_megabytes() - before_all, 1),
            "steps": len(rates),
            "loss": loss,
            "compile": options.compile,
            "optimizer": options.optimizer,
            "system_malloc": options.system_malloc,
            "torch": torch.__version__,
        }
        if not on_cpu:
            line |= {"device": torch.cuda.get_device_name(), "compile_mode": options.compile_mode}
            line |= {"inputs": "resident", "part": "speed"}
        print(json.dumps(line), flush=True)

    if not options.turns:
        turn()
        return
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        turn()


if __name__ == "__main__":
    main()
