"""PP-OCR's networks on OpenVINO: pictures of 8-bit pixels in, 32-bit numbers out, on the thread that calls.

OpenVINO prepares itself anew for every size of picture and keeps what it prepared. Pictures are therefore enlarged to one of a few sizes by repeating
their edge: without that each new width of a line costs 50 ms, and memory for good.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels

Arithmetic = Literal["bf16", "int8", "f32"]
Numbers = NDArray[np.float32]
MIDDLE = 127.5  # pixel values become -1..1, as in the networks' training


@lru_cache(maxsize=1)
def arithmetic() -> Arithmetic:
    """The cheapest arithmetic that this processor has in hardware: ``bf16`` where it multiplies tiles of bfloat16 (x86 AMX), ``int8`` where it
    multiplies bytes without saturation (x86 VNNI), else ``f32``, also where that cannot be told. bfloat16 without tiles is slower than 32 bits."""
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace") if platform.machine() == "x86_64" else ""
    except OSError:
        return "f32"
    if re.search(r"\bamx_bf16\b", described):
        return "bf16"
    return "int8" if re.search(r"\b(avx512_vnni|avx_vnni)\b", described) else "f32"


@dataclass(frozen=True)
class LastLayer:
    """A recogniser's last layer: ``weights`` features x characters, ``bias`` characters; ``characters`` in its order, the blank first."""

    characters: tuple[str, ...]
    weights: Numbers
    bias: Numbers

    def __call__(self, features: Numbers) -> Numbers:
        """Probabilities, steps x characters, of ``features``, steps x features."""
        scores: Numbers = features @ self.weights
        scores += self.bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def only(self, keep: Callable[[str], bool]) -> LastLayer:
        """The blank, the space and the characters to keep. All of Han costs a third of a line's time."""
        last = len(self.characters) - 1
        columns = [index for index, character in enumerate(self.characters) if index in (0, last) or keep(character)]
        return LastLayer(tuple(self.characters[index] for index in columns), np.ascontiguousarray(self.weights[:, columns]), self.bias[columns])


class Network:
    """``path``: an ONNX network for pictures of three channels, a detector, or a recogniser up to its last layer, which stands beside it.
    ``widths``, ``heights``: what sizes are enlarged to, ascending, multiples of the last one beyond it. ``rounded``: bfloat16 inside. ``kept``: how
    many of its layers' preparations it keeps (all). Not safe to be called by two threads at once."""

    def __init__(self, path: Path, *, widths: Sequence[int], heights: Sequence[int] = (), rounded: bool = False, kept: int | None = None) -> None:
        openvino = _runtime()
        from openvino.preprocess import PrePostProcessor

        core = openvino.Core()
        model = core.read_model(path)
        self._widths, self._heights = tuple(widths), tuple(heights)
        self._last_layer = _cut_off(model)
        prepared = PrePostProcessor(model)
        prepared.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        prepared.input().model().set_layout(openvino.Layout("NCHW"))
        prepared.input().preprocess().convert_element_type(openvino.Type.f32).mean([MIDDLE] * 3).scale([MIDDLE] * 3)
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # every process would choose the first core
            "INFERENCE_PRECISION_HINT": "bf16" if rounded else "f32",
        }
        if kept is not None:
            settings["CPU_RUNTIME_CACHE_CAPACITY"] = kept
        self._compiled: Any = core.compile_model(prepared.build(), "CPU", settings)
        self._request: Any = self._compiled.create_infer_request()

    def __call__(self, picture: Pixels) -> Numbers:
        """``picture``: height x width x 3. A detector gives 1 x height x width or more, a recogniser steps x features, until the next call."""
        height, width = picture.shape[:2]
        below, right = _more(height, self._heights), _more(width, self._widths)
        if below or right:
            picture = np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE), dtype=np.uint8)
        self._request.infer([np.ascontiguousarray(picture[np.newaxis])])
        found: Numbers = self._request.get_output_tensor(0).data[0]
        return found

    @property
    def last_layer(self) -> LastLayer:
        """A recogniser's. Raises TypeError for a detector."""
        if self._last_layer is None:
            raise TypeError("a detector has no characters")
        return self._last_layer

    def rest(self) -> None:
        """Gives back what it calculates in, up to 250 MB, until the next call. The last result is void."""
        del self._request
        self._compiled.release_memory()
        self._request = self._compiled.create_infer_request()


def _runtime() -> Any:
    """OpenVINO without its converter of models, which is of no use here and would load a package that reports its use."""
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _more(size: int, sizes: Sequence[int]) -> int:
    """Pixels to add to ``size``."""
    if not sizes:
        return 0
    return next((fitting for fitting in sizes if fitting >= size), -(-size // sizes[-1]) * sizes[-1]) - size


def _cut_off(model: Any) -> LastLayer | None:
    """Takes a recogniser's last layer off ``model``, which gives features then. None for a network that lists no characters."""
    from openvino import op

    if not model.has_rt_info(["framework", "character"]):
        return None
    listed = model.get_rt_info(["framework", "character"]).astype(str).splitlines()
    characters = ("blank", *listed, " ")
    product = next(node for node in model.get_ops() if node.get_type_name() == "MatMul" and _width(node.output(0)) == len(characters))
    (added,) = (target.get_node() for target in product.output(0).get_target_inputs())
    weights, bias = (product.input_value(1).get_node(), next(node for node in _inputs(added) if node.get_type_name() == "Constant"))
    features = op.Result(product.input_value(0))
    model.add_results([features])
    for result in model.get_results():
        if result.get_friendly_name() != features.get_friendly_name():
            model.remove_result(result)
    return LastLayer(characters, np.array(weights.get_data(), np.float32), np.array(bias.get_data(), np.float32))


def _inputs(node: Any) -> list[Any]:
    return [value.get_source_output().get_node() for value in node.inputs()]


def _width(output: Any) -> int:
    last = output.get_partial_shape()[-1]
    return last.get_length() if last.is_static else 0
