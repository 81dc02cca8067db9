"""Raw rows brought to a layout's lines: each candidate with what it cost in characters that were moved, put in or cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from documents.readers.mrz_layout import AS_DIGIT, Layout, check_digit, possible_date


def fit_two(layout: Layout, texts: list[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    """TD2, TD3 and visas: the second line is held by its core (nationality, birth, sex, expiry), the first by its trailing fillers."""
    for second, cost in _second_lines(layout, texts[1]):
        yield (_name_line(texts[0], layout.length, second[10:13]), second), cost


def _second_lines(layout: Layout, text: str) -> Iterator[tuple[str, float]]:
    for start, core in _cores(text, 10):
        heads, tails = list(_heads(text[:start])), list(_lengths(text[start + len(core) :], layout.length - 28))
        whole = core if len(core) == 18 else core[:10] + "<" + core[10:]
        for head, head_cost in heads:
            for tail, tail_cost in tails:
                yield head + whole + tail, head_cost + tail_cost + 0.5 * abs(start - 10) * (len(head) != start)


def _cores(text: str, wanted: int) -> list[tuple[int, str]]:
    """Up to three places where nationality, birth, sex and expiry may stand, best first; 17 characters where the sex got lost."""
    scored = []
    for start in range(max(0, wanted - 5), min(len(text) - 17, wanted + 5) + 1):
        for length in (18, 17):
            core = text[start : start + length]
            if len(core) == length:
                whole = core if length == 18 else core[:10] + "<" + core[10:]
                scored.append((_core_score(whole) - 0.6 * abs(start - wanted) - 2.0 * (length == 17), start, core))
    scored.sort(key=lambda entry: -entry[0])
    return [(start, core) for score, start, core in scored[:3] if score > 2.0]


def _core_score(core: str) -> float:
    birth, expiry = _digits(core[3:10]), _digits(core[11:18])
    score = 0.5 * sum(char.isalpha() or char == "<" for char in core[:3]) + 1.0 * (core[10] in "MFX<")
    score += 0.25 * sum(char.isdigit() for char in core[3:10] + core[11:18])
    for dated in (birth, expiry):
        score += 1.0 * possible_date(dated[:6]) + 3.0 * (check_digit(dated[:6]) == dated[6])
    return score


def _digits(text: str) -> str:
    return "".join(AS_DIGIT.get(char, char) for char in text)


def _heads(text: str) -> Iterator[tuple[str, float]]:
    """The ten characters before the core: a short number lost its fillers before the check digit, or its beginning."""
    if len(text) == 10:
        yield text, 0.0
    elif len(text) < 10:
        missing = 10 - len(text)
        if text:
            yield text[:-1] + "<" * missing + text[-1], 0.5 * missing
        yield "<" * missing + text, 1.5 * missing
    else:
        yield text[-10:], 1.0 * (len(text) - 10)
        yield from _lengths(text, 10)


def _lengths(text: str, length: int) -> Iterator[tuple[str, float]]:
    """``text`` brought to ``length``: each run of fillers stretched or shrunk, longest first, or padded or cut on the right."""
    short = length - len(text)
    if short == 0:
        yield text, 0.0
        return
    for run in sorted(re.finditer("<+", text), key=lambda match: match.start() - match.end())[:4]:
        size = run.end() - run.start()
        if size + short >= 1:
            yield text[: run.start()] + "<" * (size + short) + text[run.end() :], 0.3 * abs(short) * (size < 3) + 0.1 * abs(short)
    if short > 0:
        yield text + "<" * short, 0.4 * short
        if len(text) >= 1:
            yield text[:-1] + "<" * short + text[-1], 0.5 * short
    else:
        yield text[:length], 1.0 * -short
        yield text[-length:] if length else "", 1.0 * -short


def _name_line(text: str, length: int, nationality: str) -> str:
    """A first line of TD2, TD3 or a visa: the issuer, most often the nationality, must begin at the third character (9303-4 §4.2.2)."""
    at = text.find(nationality, 0, 6) if re.fullmatch(r"[A-Z]{3}", nationality) else -1
    if at in (0, 1) and text[2:5] != nationality:
        text = {0: "P<", 1: text[0] + "<" if text[0] != "<" else "P<"}[at] + text[at:]
    elif at > 2 and text[2:5] != nationality and at <= 4:
        text = text[at - 2 : at] + text[at:]
    return _filled(text, length)


def _filled(text: str, length: int) -> str:
    """A line of names at its length: the last run of fillers gives or takes."""
    if len(text) == length:
        return text
    if len(text) < length:
        runs = list(re.finditer("<{3,}", text))
        if not text.endswith("<") and runs and runs[-1].end() >= len(text) - 2:
            return text[: runs[-1].end()] + "<" * (length - len(text)) + text[runs[-1].end() :]
        return text.ljust(length, "<")
    runs = sorted(re.finditer("<+", text), key=lambda match: match.start() - match.end())
    over = len(text) - length
    if runs and runs[0].end() - runs[0].start() > over:
        return text[: runs[0].start()] + text[runs[0].start() + over :]
    return text[:length]


def _fit_td1(layout: Layout, texts: list[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    """TD1: the second line is held by its core at the beginning, the first by its number's check digit, the third by its fillers."""
    firsts = sorted(_lengths(texts[0], 30), key=lambda pair: pair[1] + 3.0 * (check_digit(pair[0][5:14]) != pair[0][14]))[:4]
    seconds = []
    for start in range(min(4, max(1, len(texts[1]) - 17))):
        core = texts[1][start : start + 18]
        if len(core) == 18:
            score = _core_score(core[15:18] + core[:7] + core[7] + core[8:15])
            seconds += [(core + tail, cost + 0.5 * start - score) for tail, cost in _lengths(texts[1][start + 18 :], 12)]
    if not seconds:
        return
    floor = min(cost for _, cost in seconds)
    for first, first_cost in firsts:
        for second, cost in sorted(seconds, key=lambda pair: pair[1])[:6]:
            yield (first, second, _filled(texts[2], 30)), first_cost + cost - floor


def _fit_one(layout: Layout, texts: list[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    for line, cost in _lengths(texts[0], layout.length):
        yield (line,), cost


def _fit_french(layout: Layout, texts: list[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    for first, first_cost in _lengths(texts[0], 36):
        for second, second_cost in _lengths(texts[1], 36):
            yield (first, second), first_cost + second_cost


FITTERS = {"TD1": _fit_td1, "FRA1988": _fit_french, "FRA2013": _fit_one}
