"""Keep a document as its difference from an earlier one of the same shape.

Snapshots of one market list differ in numbers alone: totals, indices, times. So a document is cut
into fields at its commas, fields that changed are cut into tokens at JSON's punctuation, and a token
that is an integer in both is kept as the difference of the two. What does not fit that (a field of
another shape, fields that came or went) is kept as text. All of it is deflated, the texts against the
earlier document.

This holds for any bytes at all; JSON only makes it small. It proves nothing by itself: whoever stores
a difference stores the document's hash beside it.

Layout: four lines (`head,tail,middle`, then the places of changed fields, of replaced fields and of
changed tokens), one code per changed token (`bits`, or `_IS_TEXT`), each text token and a quote, each
replaced field and a comma, and the middle; all this deflated, and behind it the numbers' bits.
"""

from __future__ import annotations

import zlib
from itertools import accumulate, compress, count
from operator import ne, sub

from mammon.errors import MalformedError
from mammon.state.bits import coded as bits_of
from mammon.state.bits import decoded as numbers_of

_PUNCTUATION = b'":[]{},'
_CUTS = bytes.maketrans(_PUNCTUATION, b'"' * len(_PUNCTUATION))
_TEXT = bytes(set(range(256)) - set(_PUNCTUATION))
_MARKS = [bytes([value]) for value in range(256)]
_HEX = b"0123456789abcdef"
_LONGEST_NUMBER = 75
"""Digits; a difference of two such numbers has at most `bits.LONGEST` bits."""
_IS_TEXT = 255
_LONGEST_DOCUMENT = 64 * 2**20
_WINDOW = 32 * 1024
_RAW = -15
_PLAIN, _AGAINST_BASE = b"\x01", b"\x02"


class Base:
    """A document that others are differences from, cut into its fields once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.fields = data.split(b",")


def packed(data: bytes, base: Base) -> bytes:
    """Return `data` as a difference from `base`."""
    new = data.split(b",")
    head, tail = _alignment(base.fields, new)
    middle = new[head : len(new) - tail]
    ours, theirs = _ends(new, head, tail), _ends(base.fields, head, tail)
    changed, replaced = _changes(theirs, ours)
    before = _tokens([theirs[place] for place in changed])
    after = _tokens([ours[place] for place in changed])
    places = _differing(before, after)
    codes, texts, bits = _differences([(before[place], after[place]) for place in places])
    lines = (b"%d,%d,%d" % (head, tail, len(middle)), _gaps(changed), _gaps(replaced), _gaps(places), codes)
    parts = [b"\n".join(lines), *(text + b'"' for text in texts)]
    parts += [ours[place] + b"," for place in replaced]
    parts.append(b",".join(middle))
    return _deflated(b"".join(parts), base if replaced or middle else None) + bits


def restored(body: bytes, base: Base) -> bytes:
    """Return the document that `packed` was given. Raises `MalformedError` when the bytes are not its."""
    try:
        plain, bits = _inflated(body, base)
        ends, changed, replaced, gaps, rest = plain.split(b"\n", 4)
        head, tail, middle = map(int, ends.split(b","))
        fields = _ends(base.fields, head, tail)
        places, wholes = _indices(gaps), _indices(replaced)
        codes, rest = rest[: len(places)], rest[len(places) :]
        *texts, rest = rest.split(b'"', codes.count(_IS_TEXT))
        *whole_fields, rest = rest.split(b",", len(wholes))
        _put_tokens(fields, _indices(changed), places, _changed_tokens(codes, bits, texts))
        for place, whole in zip(wholes, whole_fields, strict=True):
            fields[place] = whole
        between = [rest] if middle else []
        return b",".join((*fields[:head], *between, *fields[head:]))
    except (ValueError, IndexError, StopIteration, zlib.error) as error:
        raise MalformedError("difference", f"a stored difference cannot be undone: {error}") from error


# --- aligning ------------------------------------------------------------------------------------


def _alignment(old: list[bytes], new: list[bytes]) -> tuple[int, int]:
    """Return how many fields stand against each other from the start, and how many from the end."""
    shorter = min(len(old), len(new))
    if len(old) == len(new):
        return shorter, 0
    head = 0
    while head < shorter and _alike(old[head], new[head]):
        head += 1
    tail = 0
    while tail < shorter - head and _alike(old[-1 - tail], new[-1 - tail]):
        tail += 1
    return head, tail


def _alike(one: bytes, other: bytes) -> bool:
    return one == other or one.translate(None, _HEX) == other.translate(None, _HEX)


def _ends(fields: list[bytes], head: int, tail: int) -> list[bytes]:
    if head < 0 or tail < 0 or head + tail > len(fields):
        raise ValueError("more fields than the base has")
    return fields[:head] + fields[len(fields) - tail :]


def _changes(old: list[bytes], new: list[bytes]) -> tuple[list[int], list[int]]:
    """Return the places of fields that changed inside their punctuation, and of those that broke it."""
    changed = _differing(old, new)
    one, other = (b",".join([fields[place] for place in changed]) for fields in (old, new))
    if one.translate(None, _TEXT) == other.translate(None, _TEXT):
        return changed, []
    broken = [p for p in changed if old[p].translate(None, _TEXT) != new[p].translate(None, _TEXT)]
    return sorted(set(changed) - set(broken)), broken


def _differing(old: list[bytes], new: list[bytes]) -> list[int]:
    return list(compress(count(), map(ne, old, new)))


def _tokens(fields: list[bytes]) -> list[bytes]:
    return b",".join(fields).translate(_CUTS).split(b'"')


# --- numbers -------------------------------------------------------------------------------------


def _differences(pairs: list[tuple[bytes, bytes]]) -> tuple[bytes, list[bytes], bytes]:
    """Return one code for each pair, the tokens that are kept as text, and the bits of the others."""
    whole = [_integer(before) and _integer(after) for before, after in pairs]
    numbers = [int(after) - int(before) for before, after in compress(pairs, whole)]
    codes, bits = bits_of(numbers)
    remaining = iter(codes)
    every = bytes([next(remaining) if is_number else _IS_TEXT for is_number in whole])
    return every, [after for (_, after), is_number in zip(pairs, whole, strict=True) if not is_number], bits


def _integer(token: bytes) -> bool:
    # "007" would come back as "7".
    return token.isdigit() and (token[0] != 48 or len(token) == 1) and len(token) <= _LONGEST_NUMBER


def _changed_tokens(codes: bytes, bits: bytes, texts: list[bytes]) -> list[bytes | int]:
    """Return for each changed token its text, or what is to be added to the number that was there."""
    numbers = iter(numbers_of(codes.replace(bytes([_IS_TEXT]), b""), bits))
    words = iter(texts)
    return [next(words) if code == _IS_TEXT else next(numbers) for code in codes]


def _put_tokens(
    fields: list[bytes], changed: list[int], places: list[int], values: list[bytes | int]
) -> None:
    """Write the new tokens into the changed fields; the punctuation is the fields' own."""
    if not changed:
        return
    joined = b",".join([fields[place] for place in changed])
    marks = joined.translate(None, _TEXT)
    tokens = joined.translate(_CUTS).split(b'"')
    for place, value in zip(places, values, strict=True):
        tokens[place] = value if isinstance(value, bytes) else b"%d" % (int(tokens[place]) + value)
    pieces = [tokens[0]]
    for mark, token in zip(marks, tokens[1:], strict=True):
        pieces += (_MARKS[mark], token)
    for place, field in zip(changed, b"".join(pieces).split(b","), strict=True):
        fields[place] = field


# --- the layout ----------------------------------------------------------------------------------


def _gaps(places: list[int]) -> bytes:
    return b",".join([b"%d" % gap for gap in map(sub, places, [-1, *places])])


def _indices(gaps: bytes) -> list[int]:
    return [total - 1 for total in accumulate(map(int, gaps.split(b",")))] if gaps else []


def _deflated(plain: bytes, base: Base | None) -> bytes:
    if base is None:
        deflate = zlib.compressobj(6, zlib.DEFLATED, _RAW)
    else:
        deflate = zlib.compressobj(6, zlib.DEFLATED, _RAW, zdict=base.data[-_WINDOW:])
    return (_PLAIN if base is None else _AGAINST_BASE) + deflate.compress(plain) + deflate.flush()


def _inflated(body: bytes, base: Base) -> tuple[bytes, bytes]:
    against = body[:1] == _AGAINST_BASE
    inflate = zlib.decompressobj(_RAW, zdict=base.data[-_WINDOW:]) if against else zlib.decompressobj(_RAW)
    plain = inflate.decompress(body[1:], _LONGEST_DOCUMENT)
    if not inflate.eof:
        raise ValueError("it is cut short or too long")
    return plain, inflate.unused_data
