"""Makes the 8-bit recogniser in ``documents/engines/models`` from the one in the rapidocr wheel: ``python tests/benchmarks/quantise.py [FILE]``.

Static quantisation of the convolutions (weights per channel, activations by what drawn specimens show), everything else stays in 32 bits: the small
squeeze-and-excitation convolutions, attention and the last layer lose more than they gain. No picture of a real document is used. The last layer
keeps the characters of alphabets and their punctuation: the 17,000 others, nearly all Han, cost a quarter of a line's time, and a line that needs
them comes out doubtful and is read again by the network that has them.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when onnxruntime is loaded

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
from onnx import version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from documents import specimens
from documents.engines import ocr_rapid
from documents.engines.networks import MIDDLE, Network
from documents.specimens.degrade import DAMAGES

OPSET = 17  # the first with which per-channel scales and all operators used here work
LINE_WIDTH = 320  # pixels: histograms need inputs of one size
LINES = 160
SEEN = (
    "driver_license", "id_card", "passport", "permanent_resident_card", "passport_card", "nexus", "utility_bill", "bank_statement", "lease",
    "home_insurance", "vehicle_insurance", "mortgage", "deed_of_trust", "vehicle_registration", "voter_card", "government_letter",
)  # fmt: skip


class _Inputs(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, arrays: Sequence[Any]) -> None:
        self._left = iter(arrays)

    def get_next(self) -> dict[str, Any] | None:
        array = next(self._left, None)
        return None if array is None else {"x": array}


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ocr_rapid.IN_BYTES
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = _seen()
    with tempfile.TemporaryDirectory() as folder:
        source = _alphabetic(ocr_rapid.of_wheel("rec"), Path(folder))
        prepared = _prepared(source, Path(folder))
        quantize_static(
            str(prepared), str(target), _Inputs(lines), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, op_types_to_quantize=["Conv"], nodes_to_exclude=_squeezes(onnx.load(prepared)),
            calibrate_method=CalibrationMethod.Percentile, extra_options={"CalibPercentile": 99.99},
        )  # fmt: skip
        model = onnx.load(target)
        known = {entry.key for entry in model.metadata_props}
        model.metadata_props.extend(entry for entry in onnx.load(source).metadata_props if entry.key not in known)
    onnx.save(model, target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB, {len(lines)} lines seen")


def _seen() -> list[Any]:
    """Lines that the recogniser is given when specimens, clean and damaged, are read, cut to one width."""
    lines: list[Any] = []
    plain = ocr_rapid.reader_for("f32")
    reader = ocr_rapid.Reader(plain.detector, ocr_rapid.Recogniser(_Listening(plain.recogniser.network, lines)))
    for picture in _pictures():
        reader.read(picture, ocr_rapid.CLOSE_SIDE)
    cut = [line[:, :, :, :LINE_WIDTH] for line in lines if line.shape[3] >= LINE_WIDTH]
    return random.Random(7).sample(cut, min(LINES, len(cut)))


def _pictures() -> Iterator[Any]:
    damages = ["", *DAMAGES]
    for number, kind in enumerate(SEEN * 2):
        specimen = specimens.draw(kind, seed=700 + number)
        damage = damages[number % len(damages)]
        for image in specimen.sides.values():
            yield np.asarray(specimens.degrade(image, damage, seed=number) if damage else image.convert("RGB"))


class _Listening(Network):
    """``network``, which keeps what it is shown as the ONNX network behind it sees that: 1 x 3 x height x width, -1..1."""

    def __init__(self, network: Network, kept: list[Any]) -> None:
        self._network, self._kept = network, kept
        self._last_layer = network._last_layer

    def __call__(self, picture: Any) -> Any:
        self._kept.append(np.ascontiguousarray((picture.astype(np.float32) / MIDDLE - 1).transpose(2, 0, 1)[np.newaxis]))
        return self._network(picture)

    def rest(self) -> None:
        self._network.rest()


def _alphabetic(source: Path, folder: Path) -> Path:
    """The recogniser without the characters that no alphabet has. Column 0 of its last layer is the blank, the last one the space."""
    model = onnx.load(source)
    listed = next(entry for entry in model.metadata_props if entry.key == "character")
    characters = listed.value.splitlines()
    kept = [number for number, character in enumerate(characters) if ocr_rapid.of_alphabets(character)]
    columns = [0, *(number + 1 for number in kept), len(characters) + 1]
    for weight in model.graph.initializer:
        if weight.dims and weight.dims[-1] == len(characters) + 2:
            array = onnx.numpy_helper.to_array(weight)[..., columns]
            weight.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(array), weight.name))
    listed.value = "\n".join(characters[number] for number in kept)
    model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value = len(columns)
    del model.graph.value_info[:]
    onnx.save(model, folder / "alphabetic.onnx")
    return folder / "alphabetic.onnx"


def _prepared(source: Path, folder: Path) -> Path:
    """The model with GELU as one operator, and no fusion that quantisation cannot read."""
    converted, prepared = folder / "converted.onnx", folder / "prepared.onnx"
    onnx.save(version_converter.convert_version(onnx.load(source), OPSET), converted)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(prepared)
    blocked = ["ConvActivationFusion", "ConvAddActivationFusion", "MatmulTransposeFusion", "SkipLayerNormFusion"]
    onnxruntime.InferenceSession(str(converted), options, disabled_optimizers=blocked)
    return prepared


def _squeezes(model: Any) -> list[str]:
    """Convolutions on pooled 1x1 maps: squeeze-and-excitation."""
    maker = {output: node for node in model.graph.node for output in node.output}
    found: list[str] = []
    for node in model.graph.node:
        before = maker.get(node.input[0]) if node.op_type == "Conv" else None
        if before is not None and before.op_type == "Relu":
            before = maker.get(before.input[0])
        if before is not None and (before.op_type in ("GlobalAveragePool", "ReduceMean") or before.name in found):
            found.append(node.name)
    return found


if __name__ == "__main__":
    main()
