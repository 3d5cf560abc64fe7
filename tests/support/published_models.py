# SPDX-License-Identifier: Apache-2.0
"""Writes Vision Transformers of PyTorch's libraries with random weights, as their users publish them, and computes their losses.

usage: published_models.py write FOLDER [--large]    prints NAME FILE OPTIONS for each model
       published_models.py loss NAME INPUTS          prints the loss over the images of `landscape --save-inputs`
       published_models.py read FOLDER INPUTS        the same of an exported model, loaded by transformers

       published_models.py timm FOLDER INPUTS CLASSES the same of an exported classifier under timm's names
       published_models.py labels INPUTS             prints the labels
       published_models.py surface NAME INPUTS DIRECTIONS SURFACE
                                                     the whole surface, by the formulas of Li et al. 2018 (arXiv 1712.09913)

Needs torch, timm, transformers, Pillow and safetensors; ends with status 77 where one is missing.
"""
import argparse
import json
import os
import sys

try:
    import timm
    import torch
    import transformers
    from PIL import Image
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 64, "depth": 2, "num_heads": 1}


def scramble(model, seed):
    """Random values for everything, biases and norms too, which are constants at the start of a training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not value.is_floating_point():
                continue
            noise = torch.randn(value.shape, generator=generator)
            is_factor = value.dim() == 1 and ("norm" in name and name.endswith("weight") or "gamma" in name or "lambda" in name)
            value.copy_(1 + 0.2 * noise if is_factor else (0.5 * noise if "pos" in name or "token" in name else 0.06 * noise))
    return model.eval()


def autoencoder(size="small", normalized=True):
    options = dict(norm_pix_loss=normalized, layer_norm_eps=1e-6, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    if size == "small":
        options.update(hidden_size=64, num_hidden_layers=2, num_attention_heads=1, intermediate_size=256, image_size=32, patch_size=8,
                       decoder_hidden_size=32, decoder_num_hidden_layers=2, decoder_num_attention_heads=1, decoder_intermediate_size=128)
    if size == "huge-heads":  # 80 numbers in a head, as in ViT-H
        options.update(hidden_size=160, num_hidden_layers=2, num_attention_heads=2, intermediate_size=640, image_size=28, patch_size=14,
                       decoder_hidden_size=32, decoder_num_hidden_layers=1, decoder_num_attention_heads=1, decoder_intermediate_size=128)
    if size == "large":
        options.update(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096)
    return transformers.ViTMAEForPreTraining(transformers.ViTMAEConfig(**options))


def meta_names(state):
    """The names of facebookresearch/mae for those of Hugging Face."""
    result, apart = {}, {}
    for name, value in state.items():
        name = name.replace("vit.embeddings.cls_token", "cls_token").replace("vit.embeddings.position_embeddings", "pos_embed")
        name = name.replace("vit.embeddings.patch_embeddings.projection", "patch_embed.proj").replace("vit.layernorm", "norm")
        name = name.replace("vit.encoder.layer.", "blocks.").replace("vit.layers.", "blocks.")
        name = name.replace("decoder.decoder_layers.", "decoder_blocks.").replace("decoder.", "")
        for theirs, ours in (("layernorm_before", "norm1"), ("layernorm_after", "norm2"), ("attention.output.dense", "attn.proj"),
                             ("attention.o_proj", "attn.proj"), ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2")):
            name = name.replace(theirs, ours)
        for number, names in enumerate((("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj"))):
            for part in ("attention.attention." + names[0], "attention." + names[1]):
                if "." + part + "." in name:
                    start, end = name.split("." + part + ".")
                    apart.setdefault(f"{start}.attn.qkv.{end}", {})[number] = value
                    name = None
                    break
            if name is None:
                break
        if name is not None:
            result[name] = value
    for name, parts in apart.items():
        result[name] = torch.cat([parts[i] for i in range(3)])
    return result


def vit(**options):
    return timm.models.vision_transformer.VisionTransformer(**{**SMALL, "num_classes": 5, **options})


# name: (how it is made, its seed)
MODELS = {
    "mae": lambda: scramble(autoencoder(), 1),
    "mae_visualize": lambda: scramble(autoencoder(normalized=False), 2),
    "mae_huge_heads": lambda: scramble(autoencoder("huge-heads"), 3),
    "rc_mae": lambda: scramble(autoencoder(), 4),
    "huggingface_mae": lambda: scramble(autoencoder(normalized=False), 5),
    "timm": lambda: scramble(vit(), 6),
    "finetuned": lambda: scramble(vit(global_pool="avg", fc_norm=True), 7),
    "dinov2": lambda: scramble(vit(init_values=1e-5), 8),
    "registers": lambda: scramble(vit(init_values=1e-5, reg_tokens=3, no_embed_class=True), 9),
    "huggingface_dinov2": lambda: scramble(transformers.Dinov2Model(transformers.Dinov2Config(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=1, image_size=32, patch_size=8)), 13),
    "huggingface_vit": lambda: scramble(transformers.ViTForImageClassification(transformers.ViTConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=1, intermediate_size=256, image_size=32, patch_size=8, num_labels=5)), 10),
    "mae_base": lambda: scramble(autoencoder("base"), 11),
    "mae_large": lambda: scramble(autoencoder("large"), 12),
}


def write(folder, large):
    for name, make in MODELS.items():
        if name in ("mae_base", "mae_large") and not large:
            continue
        model, options = make(), "-"
        path = os.path.join(folder, name + ".pth")
        if name == "rc_mae":  # wrapped for parallel training, with what a training keeps besides
            student = {"module." + key: value for key, value in meta_names(model.state_dict()).items()}
            teacher = {key: value + 0.01 for key, value in student.items()}
            torch.save({"student": student, "teacher": teacher, "epoch": 3, "args": argparse.Namespace(lr=1e-3, model="vit")}, path)
        elif name.startswith("mae"):
            torch.save({"model": meta_names(model.state_dict())}, path)
        elif name.startswith("huggingface"):
            path = os.path.join(folder, name)
            model.save_pretrained(path)
            path = os.path.join(path, "model.safetensors")
        elif name in ("timm", "dinov2"):
            path = os.path.join(folder, name + ".safetensors")
            save_file(model.state_dict(), path)
        else:
            torch.save(model.state_dict(), path)
        if name == "huggingface_vit":  # whose config.json names other classes
            options = "--classes=" + os.path.join(folder, "letters")
        if name == "mae_huge_heads":
            options = "--heads=2"
        print(name, path, options)
    with open(os.path.join(folder, "letters"), "w") as letters:
        letters.write("\n".join("abcde"))
    encoder = {key: value for key, value in MODELS["timm"]().state_dict().items() if not key.startswith("head")}
    torch.save(encoder, os.path.join(folder, "encoder.pth"))
    for label in "abcde":
        os.makedirs(os.path.join(folder, "images", label))
        for number in range(2):
            pixels = torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8).numpy()
            Image.fromarray(pixels).save(os.path.join(folder, "images", label, f"{number}.png"))


def loss(name, data, model):
    images = data["images"]
    with torch.no_grad():
        if "ids_shuffle" in data:
            noise = torch.argsort(data["ids_shuffle"], dim=1).float()
            if name != "rc_mae":
                return model(pixel_values=images, noise=noise).loss.item()
            student = model(pixel_values=images, noise=noise)
            teacher = scramble(autoencoder(), 4)
            for value in teacher.state_dict().values():
                value.add_(0.01)
            other = teacher(pixel_values=images, noise=noise)
            masked = student.mask.unsqueeze(2)
            consistency = ((student.logits - other.logits) ** 2 * masked).sum() / masked.sum() / student.logits.shape[2]
            return (student.loss + consistency).item()
        logits = model(images)
        logits = logits.logits if hasattr(logits, "logits") else logits
        return torch.nn.functional.cross_entropy(logits, data["labels"]).item()


def surface(name, inputs, directions, surface):
    """Prints the largest relative difference of a surface and of the filter normalization of its directions: d_i has the norm of the
    filter w_i, a row of each parameter of two or more dimensions; others do not move, nor do position embeddings, which here are
    no weights. Then the parameters of a point are w + x d_0 + y d_1."""
    def largest(value, expected):
        return ((value - expected).abs() / expected.abs().clamp_min(1e-30)).max().item()

    data, model = load_file(inputs), MODELS[name]()
    state = model.state_dict()
    if name == "rc_mae" or name.startswith("huggingface"):
        raise SystemExit(f"surface: {name} has other names")
    # Where each number of a file's tensor lies among those of the model: the names of MAE are others, and join three tensors.
    start, flat, places = 0, {}, {}
    for key, value in state.items():
        flat[key], start = (start, start + value.numel()), start + value.numel()
        places[key] = torch.arange(*flat[key]).reshape(value.shape)
    if name.startswith("mae"):
        places = meta_names(places)
    weights = torch.cat([value.flatten() for value in state.values()]).double()
    moves, unnormalized = [torch.zeros_like(weights), torch.zeros_like(weights)], 0.0
    found = load_file(directions)
    for key, place in places.items():
        for number, move in enumerate(moves):
            if (direction := found.pop(f"{number}.{key}", None)) is None:
                continue
            direction = direction.double().reshape(place.shape)
            move[place.flatten()] = direction.flatten()
            if place.dim() <= 1 or "pos_embed" in key:
                unnormalized = max(unnormalized, direction.abs().max().item())
            else:
                filters = weights[place].flatten(1)
                unnormalized = max(unnormalized, largest(direction.flatten(1).norm(dim=1), filters.norm(dim=1)))
    if found:
        raise SystemExit(f"surface: the model has no {next(iter(found))}")
    with open(surface) as file:
        ours = json.load(file)
    theirs = torch.zeros(len(ours["y"]), len(ours["x"]), dtype=torch.double)
    for row, y in enumerate(ours["y"]):
        for column, x in enumerate(ours["x"]):
            point = weights + x * moves[0] + y * moves[1]
            model.load_state_dict({key: point[slice(*flat[key])].reshape(value.shape).to(value.dtype) for key, value in state.items()})
            theirs[row, column] = loss(name, data, model)
    print(f"{largest(torch.tensor(ours['loss'], dtype=torch.double), theirs):.2e} {unnormalized:.2e} {theirs.max() / theirs.min():.4g}")


def main():
    what = sys.argv[1]
    if what == "write":
        write(sys.argv[2], "--large" in sys.argv)
    elif what == "loss":
        print(f"{loss(sys.argv[2], load_file(sys.argv[3]), MODELS[sys.argv[2]]()):.9g}")
    elif what == "surface":
        surface(*sys.argv[2:6])
    elif what == "read":
        folder, data = sys.argv[2], load_file(sys.argv[3])
        with torch.no_grad():
            if "ids_shuffle" in data:
                model = transformers.ViTMAEForPreTraining.from_pretrained(folder).eval()
                noise = torch.argsort(data["ids_shuffle"], dim=1).float()
                print(f"{model(pixel_values=data['images'], noise=noise).loss.item():.9g}")
            else:
                model = transformers.ViTForImageClassification.from_pretrained(folder).eval()
                print(f"{torch.nn.functional.cross_entropy(model(data['images']).logits, data['labels']).item():.9g}")
    elif what == "timm":
        folder, data = sys.argv[2], load_file(sys.argv[3])
        model = vit(img_size=16, patch_size=4, embed_dim=16, num_heads=2, num_classes=int(sys.argv[4]))
        state = load_file(os.path.join(folder, "model.safetensors"))
        model.load_state_dict(state)
        model.eval()
        with torch.no_grad():
            print(f"{torch.nn.functional.cross_entropy(model(data['images']), data['labels']).item():.9g}")
    elif what == "labels":
        print(*load_file(sys.argv[2])["labels"].tolist())


main()
