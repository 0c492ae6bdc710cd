"""Keep of a document what its parts do not say: each part, stored elsewhere, is cut out of it.

A decision's canonical bytes contain those of the snapshot, the portfolio and the policy it was made
from. To cut is several times quicker than to take differences, so it can be done before a commit.

Layout: the place of each part, in the order given, counted in what the cuts before it have left, or
-1 where it does not occur; a line end; what is left; all this deflated.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from mammon.errors import MalformedError

_LEVEL = 3
_LONGEST_DOCUMENT = 64 * 2**20


def cut(document: bytes, parts: Sequence[bytes]) -> bytes:
    """Return a document without its parts, each at most once."""
    places = []
    for part in parts:
        place = document.find(part)
        places.append(b"%d" % place)
        if place >= 0:
            document = document[:place] + document[place + len(part) :]
    return zlib.compress(b",".join(places) + b"\n" + document, _LEVEL)


def joined(body: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the document that `cut` was given. Raises `MalformedError` when the bytes are not its."""
    try:
        inflate = zlib.decompressobj()
        places, document = inflate.decompress(body, _LONGEST_DOCUMENT).split(b"\n", 1)
        if not inflate.eof or inflate.unused_data:
            raise ValueError("cut short, too long, or followed by more")
        for place, part in reversed(list(zip(map(int, places.split(b",")), parts, strict=True))):
            if place > len(document):
                raise ValueError("a part lies beyond the end")
            if place >= 0:
                document = document[:place] + part + document[place:]
    except (ValueError, zlib.error) as error:
        raise MalformedError("remainder", f"a stored document cannot be joined: {error}") from error
    return document
