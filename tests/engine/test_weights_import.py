"""Files of the user become weights: recognised, checked, converted; refused in words when they are not."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from planetview.core.catalogue import WEIGHTS
from planetview.core.errors import UserError
from planetview.core.messages import ModelsAction, ModelsRequest
from planetview.core.models import ImportOutcome, ModelsResult, WeightStatus
from planetview.engine.weights import load_weights, weight_state, weights_folder
from planetview.engine.weights.care import look_after
from planetview.engine.weights.collecting import candidates
from planetview.engine.weights.converted import MANIFEST
from planetview.engine.weights.digests import fresh_digest
from planetview.engine.weights.importing import import_file
from planetview.engine.weights.layouts import expected, fitting
from tests.engine.weight_files import numbered, official_alexnet_heads, publish, seeded

SQUEEZE = "torchvision-squeezenet1-1"
SQUEEZE_FILE = "squeezenet1_1-b8a52dc0.pth"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    folder = tmp_path / "offered"
    folder.mkdir()
    return folder


def run(action: ModelsAction, *names: str, paths: tuple[Path, ...] = (), accept_unknown: bool = False) -> ModelsResult:
    request = ModelsRequest(action, names, paths, accept_unknown)
    return look_after(request, lambda message: None, lambda: None)


def take(*paths: Path, accept_unknown: bool = False, name: str | None = None) -> tuple[ImportOutcome, ...]:
    names = (name,) if name else ()
    return run(ModelsAction.IMPORT, *names, paths=paths, accept_unknown=accept_unknown).outcomes


def save(tensors: dict[str, Tensor], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, path)
    return path


def assert_equal_to(tensors: dict[str, Tensor], weights_id: str) -> None:
    loaded = load_weights(weights_id).tensors
    assert set(loaded) == set(tensors)
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("suffix", ["torch", "legacy", "safetensors", "wrapped"])
def test_a_published_file_is_taken_whatever_its_name_and_form(
    offered: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    tensors = seeded("squeezenet")
    path = offered / "download (1).bin"
    if suffix == "safetensors":
        save_file(tensors, path)
    else:
        held: Any = {"state_dict": tensors, "epoch": 3} if suffix == "wrapped" else tensors
        torch.save(held, path, _use_new_zipfile_serialization=suffix != "legacy")
    publish(monkeypatch, SQUEEZE, sha256=fresh_digest(path))
    (outcome,) = take(path)
    assert outcome.accepted, outcome
    assert outcome.weights == SQUEEZE
    state = weight_state(SQUEEZE)
    assert (state.status, state.digest, state.note) == (WeightStatus.PRESENT, fresh_digest(path), "")
    assert_equal_to(tensors, SQUEEZE)


def test_the_beginning_of_a_digest_counts_where_no_more_is_published(
    offered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(seeded("squeezenet"), offered / SQUEEZE_FILE)
    publish(monkeypatch, SQUEEZE, sha256_prefix=fresh_digest(path)[:8])
    assert take(path)[0].accepted
    assert weight_state(SQUEEZE).note == ""


def test_an_unknown_digest_is_refused_until_it_is_accepted(offered: Path) -> None:
    path = save(seeded("squeezenet"), offered / SQUEEZE_FILE)
    (refused,) = take(path)
    assert not refused.accepted
    assert refused.weights == SQUEEZE
    assert "SHA-256 is not the published one" in refused.message
    assert "--accept-unknown" in refused.hint
    assert weight_state(SQUEEZE).status is WeightStatus.MISSING
    (taken,) = take(path, accept_unknown=True)
    assert taken.accepted
    assert weight_state(SQUEEZE).status is WeightStatus.PRESENT
    assert "accepted by the user" in load_weights(SQUEEZE).note


def test_networks_of_one_shape_are_told_apart_by_repository_or_by_the_user(offered: Path) -> None:
    tensors = {f"visual.{name}": tensor for name, tensor in numbered("clip-vit-b-32", torch.float16).items()}
    plain = offered / "plain" / "open_clip_model.safetensors"
    cached = offered / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K" / "snapshots" / "1a" / plain.name
    for path in (plain, cached):
        path.parent.mkdir(parents=True)
        save_file(tensors, path)
    (unsure,) = take(plain, accept_unknown=True)
    assert not unsure.accepted
    assert "clip-vit-b-32-openai, clip-vit-b-32-laion2b" in unsure.message
    assert "--as clip-vit-b-32-openai" in unsure.hint
    assert take(cached, accept_unknown=True)[0].weights == "clip-vit-b-32-laion2b"
    assert take(plain, accept_unknown=True, name="clip-vit-b-32-openai")[0].accepted
    assert_equal_to({name.removeprefix("visual."): tensor for name, tensor in tensors.items()}, "clip-vit-b-32-openai")
    assert load_weights("clip-vit-b-32-openai").tensors["proj"].dtype is torch.float16
    assert (
        take(plain, accept_unknown=True, name="dinov2-vits14")[0].message == "Its tensors do not fit DINOv2 ViT-S/14."
    )


def test_a_file_that_is_another_network_is_not_taken_for_what_the_user_says(
    offered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(seeded("squeezenet"), offered / "x.pth")
    publish(monkeypatch, SQUEEZE, sha256=fresh_digest(path))
    (outcome,) = take(path, accept_unknown=True, name="torchvision-vgg16")
    assert outcome.message == "This is SqueezeNet 1.1 for ImageNet, not VGG-16 for ImageNet."


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("exploded",))


def _lazy_giant() -> dict[str, Tensor]:
    return {name: torch.zeros(1).expand(shape) for name, shape in expected("squeezenet").items()}


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: torch.save({"w": _Bomb()}, path), "more than tensors"),
        (lambda path: torch.save({"w": _Bomb()}, path, _use_new_zipfile_serialization=False), "more than tensors"),
        (lambda path: path.write_bytes(pickle.dumps(_Bomb())), "more than tensors"),
        (lambda path: path.write_bytes(b""), "neither"),
        (lambda path: path.write_bytes(b"\x89PNG" * 500), "neither"),
        (lambda path: path.write_bytes(b"PK\x03\x04" * 500), "neither"),
        (lambda path: path.write_bytes(b"\x80\x02}."), "damaged"),
        (lambda path: torch.save([torch.ones(3)], path), "by name"),
        (lambda path: torch.save({"n": 3}, path), "no tensors"),
        (lambda path: torch.save(_lazy_giant(), path), "more values than"),
        (lambda path: torch.save({"w": torch.eye(3).to_sparse()}, path), "sparse"),
        (lambda path: path.write_bytes((1 << 60).to_bytes(8, "little") + b"{}"), "damaged"),
        (lambda path: torch.save({"w": torch.ones(3)}, path), "none of the networks"),
    ],
)
def test_what_is_no_file_of_tensors_is_refused_in_words_and_does_nothing(
    offered: Path, make: Callable[[Path], None], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(offered)
    path = offered / SQUEEZE_FILE
    make(path)
    (outcome,) = take(path, accept_unknown=True)
    assert not outcome.accepted
    assert word in outcome.message
    assert not (offered / "exploded").exists()
    assert not weights_folder().exists()


def test_an_archive_that_unfolds_to_more_than_its_size_is_not_opened(offered: Path) -> None:
    path = offered / SQUEEZE_FILE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\x80\x02}.")
        archive.writestr("x/data/0", bytes(50_000_000))
    assert "larger than the file" in take(path)[0].message


def test_a_folder_is_searched_by_names_and_sizes_and_every_candidate_is_answered(offered: Path) -> None:
    save(seeded("squeezenet"), offered / "a" / "b" / SQUEEZE_FILE)
    save({"w": torch.ones(4096)}, offered / "my_own_checkpoint.pt")
    (offered / "image.png").write_bytes(bytes(5000))
    with zipfile.ZipFile(offered / "images.zip", "w") as archive:
        archive.writestr("1.png", bytes(5000))
    outcomes = {outcome.path.name: outcome for outcome in take(offered)}
    assert set(outcomes) == {SQUEEZE_FILE, "my_own_checkpoint.pt"}
    assert outcomes[SQUEEZE_FILE].weights == SQUEEZE
    assert "Not looked into" in outcomes["my_own_checkpoint.pt"].message


def test_a_hub_cache_is_read_through_its_links_but_links_do_not_lead_out_of_it(offered: Path, tmp_path: Path) -> None:
    cache = offered / "models--timm--vit_small_patch14_dinov2.lvd142m"
    blob = save(seeded("squeezenet"), cache / "blobs" / "abc.bin")
    snapshot = cache / "snapshots" / "1a"
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").symlink_to(blob)
    (snapshot / "again.bin").symlink_to(blob)
    outside = save(seeded("squeezenet"), tmp_path / "outside.bin")
    (snapshot / "out.bin").symlink_to(outside)
    (snapshot / "gone.bin").symlink_to(tmp_path / "nowhere.bin")
    (snapshot / "loop").symlink_to(offered)
    assert [path.name for path in candidates(offered, lambda: None)] == ["again.bin"]


def test_an_empty_folder_and_a_missing_one_are_answered(offered: Path) -> None:
    assert take(offered)[0].message == "There are no weight files in it."
    with pytest.raises(UserError, match="There is nothing at"):
        take(offered / "missing")
    with pytest.raises(UserError, match="Name a file"):
        take()
    with pytest.raises(UserError, match="no weights called 'vgg'"):
        run(ModelsAction.VERIFY, "vgg")


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_a_pack_carries_weights_to_another_computer(
    offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tensors = seeded("squeezenet")
    path = save(tensors, offered / SQUEEZE_FILE)
    publish(monkeypatch, SQUEEZE, sha256=fresh_digest(path))
    take(path)
    pack = tmp_path / "stick" / name
    run(ModelsAction.PACK, paths=(pack,))
    monkeypatch.setenv("PLANETVIEW_HOME", str(tmp_path / "other-computer"))
    assert weight_state(SQUEEZE).status is WeightStatus.MISSING
    (outcome,) = take(pack.parent)
    assert outcome.accepted, outcome
    assert_equal_to(tensors, SQUEEZE)
    assert (weight_state(SQUEEZE).digest, weight_state(SQUEEZE).note) == (fresh_digest(path), "")
    assert run(ModelsAction.VERIFY).outcomes[0].message == "It is as it was recorded."


def test_a_damaged_pack_gives_nothing(offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(official_alexnet_heads(offered), accept_unknown=True)
    pack = tmp_path / "pack"
    run(ModelsAction.PACK, paths=(pack,))
    monkeypatch.setenv("PLANETVIEW_HOME", str(tmp_path / "other-computer"))
    (unknown,) = take(pack)
    assert "unknown file" in unknown.message
    data = bytearray((pack / "lpips-alex.safetensors").read_bytes())
    data[-1] ^= 1
    (pack / "lpips-alex.safetensors").write_bytes(data)
    (outcome,) = take(pack, accept_unknown=True)
    assert not outcome.accepted
    assert "manifest" in outcome.message
    assert weight_state("lpips-alex").status is WeightStatus.MISSING
    (pack / "lpips-alex.safetensors").unlink()
    assert "missing in the pack" in take(pack, accept_unknown=True)[0].message
    (pack / MANIFEST).write_text("[" * 100_000)
    assert take(pack)[0].message == "There are no weight files in it."


def test_packing_without_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights to pack"):
        run(ModelsAction.PACK, paths=(tmp_path / "pack",))
    with pytest.raises(UserError, match="cannot be packed: missing"):
        run(ModelsAction.PACK, SQUEEZE, paths=(tmp_path / "pack",))


def test_verifying_reads_every_byte_again(offered: Path) -> None:
    take(official_alexnet_heads(offered), accept_unknown=True)
    path = weights_folder() / "lpips-alex.safetensors"
    (intact,) = run(ModelsAction.VERIFY).outcomes
    assert intact.accepted
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    # The same size and time: what the quick look at every start goes by.
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    (changed,) = run(ModelsAction.VERIFY).outcomes
    assert not changed.accepted
    assert weight_state("lpips-alex").status is WeightStatus.WRONG_DIGEST
    assert not run(ModelsAction.VERIFY, SQUEEZE).outcomes[0].accepted


def test_nvidias_copy_of_inception_is_named_and_not_read(offered: Path) -> None:
    path = save({"layers.conv.weight": torch.ones(2000)}, offered / "inception-2015-12-05.pt")
    (outcome,) = take(path)
    assert "NVIDIA" in outcome.message
    assert "fetch inception-2015-12-05" in outcome.hint


def test_the_names_of_transformers_become_those_of_clip() -> None:
    width, tensors = 768, numbered("clip-vit-b-32")
    theirs = {"visual_projection.weight": tensors["proj"].t(), "logit_scale": torch.ones([])}
    names = {"class_embedding": "embeddings.class_embedding", "conv1.weight": "embeddings.patch_embedding.weight",
             "positional_embedding": "embeddings.position_embedding.weight"}  # fmt: skip
    for name, tensor in tensors.items():
        if ".attn.in_proj_" in name:
            block, kind = name.split(".")[2], name.rsplit("_", 1)[1]
            for part, piece in zip("qkv", tensor.split(width), strict=True):
                theirs[f"vision_model.encoder.layers.{block}.self_attn.{part}_proj.{kind}"] = piece
        elif name != "proj":
            new = names.get(name, name)
            for ours, other in (("transformer.resblocks", "encoder.layers"), ("ln_pre", "pre_layrnorm"),
                                ("ln_post", "post_layernorm"), ("attn.out_proj", "self_attn.out_proj"),
                                ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("c_fc", "fc1"),
                                ("c_proj", "fc2")):  # fmt: skip
                new = new.replace(ours, other)
            theirs[f"vision_model.{new}"] = tensor
    found = fitting(theirs)
    assert set(found) == {"clip-vit-b-32"}
    assert all(torch.equal(found["clip-vit-b-32"][name], tensor) for name, tensor in tensors.items())


def test_what_a_network_does_not_use_is_left_out(offered: Path) -> None:
    tensors = seeded("dinov2-vits14")
    path = save({**tensors, "mask_token": torch.zeros(1, 384)}, offered / "dinov2_vits14_pretrain.pth")
    assert import_file(path, accept_unknown=True).weights == "dinov2-vits14"
    assert_equal_to(tensors, "dinov2-vits14")
    assert set(load_file(weights_folder() / "dinov2-vits14.safetensors")) == set(tensors)


def test_a_full_disk_is_said(offered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("PLANETVIEW_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(UserError, match="Cannot write") as caught:
        import_file(official_alexnet_heads(offered), accept_unknown=True)
    assert caught.value.exit_code == 4


def test_the_catalogue_is_complete() -> None:
    from planetview.core.catalogue import EXTRACTORS, METRICS

    needed = {name for spec in (*EXTRACTORS.values(), *METRICS.values()) for name in spec.weights}
    assert needed == set(WEIGHTS)
    for spec in WEIGHTS.values():
        assert spec.used_by
        assert expected(spec.layout)
        assert spec.licence
        assert spec.homepage.startswith("https://")
        assert spec.how_to_get
        for source in spec.sources:
            assert source.url.startswith("https://") or source.package or source.repository
            assert len(source.sha256) in {0, 64}
