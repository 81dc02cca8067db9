"""Engines: pixels to lines, barcodes and faces. One thread each, because the service runs one process per core."""

import os

import cv2

# Official builds of ONNX Runtime report their use, with an identifier of the machine, to their maker unless this is set before they are loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
cv2.setNumThreads(1)
