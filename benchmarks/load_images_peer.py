#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images loaded for training as PyTorch users do it, timed: the peer that load_images is compared with.

  pillow      Pillow decodes; torchvision's RandomResizedCrop, RandomHorizontalFlip, ToTensor and Normalize
  draft       the same, with JPEG files decoded at 1/2, 1/4 or 1/8 of their size where the crop keeps twice the pixels that it
              is resized to, by Pillow's draft mode; torchvision does not offer this, the transform is written here
  torchvision torchvision.io decodes to a tensor; its transforms of version 2 crop and resize the tensor of bytes

Crops take 0.2 to 1 of the area, resizing is bicubic with antialiasing. Prints one line of JSON, with what load_images prints:
images per second of one thread by the processor's time, as the median, the least and the greatest of the epochs.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
AREA = (0.2, 1.0)
RATIO = (3 / 4, 4 / 3)


def pillow(side, with_draft):
    from PIL import Image
    from torchvision import transforms

    crop = transforms.RandomResizedCrop(side, AREA, RATIO, interpolation=transforms.InterpolationMode.BICUBIC)
    finish = transforms.Compose(
        [transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    )

    def load(path):
        with Image.open(path) as image:
            if not with_draft:
                return finish(crop(image.convert("RGB")))
            width, height = image.size
            # get_params only asks for the size; a picture that is not decoded yet has one.
            top, left, rows, columns = crop.get_params(image, AREA, RATIO)
            reduction = 8
            while reduction > 1 and min(rows, columns) < 2 * reduction * side:
                reduction //= 2
            if reduction > 1:
                image.draft("RGB", (width // reduction, height // reduction))
            small = image.convert("RGB")
            # draft() may reduce less than it was asked to; files of other formats are not reduced.
            scale = next(k for k in (1, 2, 4, 8) if -(-width // k) == small.size[0])
            box = [edge / scale for edge in (left, top, left + columns, top + rows)]
            return finish(small.resize((side, side), Image.Resampling.BICUBIC, box=box))

    return load


def tensors(side):
    import torch
    from torchvision import io
    from torchvision.transforms import v2

    finish = v2.Compose(
        [
            v2.RandomResizedCrop(side, AREA, RATIO, interpolation=v2.InterpolationMode.BICUBIC, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, DEVIATION),
        ]
    )
    return lambda path: finish(io.decode_image(io.read_file(str(path)), mode=io.ImageReadMode.RGB))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kind", choices=["pillow", "draft", "torchvision"], default="pillow")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=3, help="to measure, after one of warm-up")
    parser.add_argument("--first-epoch", type=int, default=0, help="seed of the random crops")
    options = parser.parse_args()
    if min(options.side, options.epochs) < 1:
        parser.error("--side and --epochs must be positive")
    files = sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not files:
        sys.exit(f"load_images_peer.py: no images in {options.folder}")

    import PIL
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(options.first_epoch)
    load = tensors(options.side) if options.kind == "torchvision" else pillow(options.side, options.kind == "draft")
    rates = []
    for epoch in range(options.epochs + 1):
        before = time.process_time()
        batch = torch.empty(16, 3, options.side, options.side)
        for i, path in enumerate(files):
            batch[i % 16] = load(path)
        if epoch > 0:
            rates.append(len(files) / (time.process_time() - before))
    name = options.kind if options.kind == "torchvision" else f"{options.kind} {PIL.__version__}"
    print(
        json.dumps(
            {
                "program": name,
                "side": options.side,
                "images_per_second": round(statistics.median(rates), 2),
                "min": round(min(rates), 2),
                "max": round(max(rates), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
