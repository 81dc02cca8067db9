"""Engines: pixels to lines, barcodes and faces. One thread each, because the service runs one process per core."""

import cv2

cv2.setNumThreads(1)
