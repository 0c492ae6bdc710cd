"""Keccak-256 as Ethereum uses it (padding byte 0x01, not SHA-3's 0x06), in pure Python.

Theory of operation. The state's 25 lanes of 64 bits lie in one large integer, so that one `^`, `&` or
`>>` works on all of them. A lane takes nine bytes: a spare byte first, then its eight bytes, least
significant first; lane (x, y) is number 5x + y. Moving bytes about is what large integers are bad at
and `bytes.translate` is good at: `positions.translate(state)` returns the state's byte at each
position. So each round is

- theta: fold the five lanes of a column with shifts; two translations spread the neighbours' parities;
- rho and pi: one translation moves lanes and whole bytes, and repeats the top byte of each lane in its
  spare byte; three masked shifts (by 4, 2, 1) then finish the rotation without any wrap-around;
- chi: rows run along x, and x is the outer index, so the next lane of a row is a shift of everything.

What a shift pushes over a lane's end falls into the next lane's spare byte, which nothing reads.
Five times fewer interpreter steps than one operation per lane.
"""

from __future__ import annotations

_RATE = 136
_LANE = 9
_BITS = 8 * _LANE
_TABLE = 256
_STATE = 25 * _BITS
_ALL = (1 << _STATE) - 1
_PARITY_BYTES = (7, 0, 1, 2, 3, 4, 5, 6, 7)


def _rotations() -> dict[tuple[int, int], int]:
    """Return by how many bits rho rotates each lane."""
    x, y, table = 1, 0, {(0, 0): 0}
    for step in range(24):
        table[x, y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return table


def _round_constants() -> tuple[int, ...]:
    """Return iota's constants, moved past the spare byte of lane (0, 0)."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for power in range(7):
            constant |= (register & 1) << ((1 << power) - 1)
            register = register << 1 ^ (register >> 7) * 0x171
        constants.append(constant << 8)
    return tuple(constants)


def _column_positions(step: int) -> bytes:
    """Return where theta finds the parity of column x + step, for every lane (x, y)."""
    columns = [(x + step) % 5 for x in range(5) for _ in range(5)]
    return bytes(5 * _LANE * column + 1 + byte for column in columns for byte in _PARITY_BYTES)


def _rho_pi() -> tuple[bytes, dict[int, int]]:
    """Return rho's and pi's byte positions, and which lanes still shift by 4, 2 and 1 bits."""
    rotations = _rotations()
    positions: list[int] = []
    masks = {4: 0, 2: 0, 1: 0}
    for lane in range(25):
        y, target = divmod(lane, 5)
        x = (target - 3 * y) * 3 % 5
        whole_bytes, bits = divmod(rotations[x, y], 8)
        start = _LANE * (5 * x + y) + 1
        positions += [start + (byte - whole_bytes) % 8 for byte in _PARITY_BYTES]
        for shift in masks:
            if bits & shift:
                masks[shift] |= ((1 << _BITS) - 1) << _BITS * lane
    return bytes(positions), masks


_CONSTANTS = _round_constants()
_LEFT = _column_positions(-1)
_RIGHT = _column_positions(1)
_MOVES, _MASKS = _rho_pi()
# Message bytes run along x first; byte 200 lies past the state's end and is always zero.
_ABSORB = bytes(
    8 * (x + 5 * y) + byte - 1 if byte else 200 for x in range(5) for y in range(5) for byte in range(_LANE)
)
_SQUEEZE = bytes(_LANE * 5 * lane + 1 + byte for lane in range(4) for byte in range(8))


def _permuted(state: int) -> int:
    """Return the state after the 24 rounds of Keccak-f[1600]."""
    read = int.from_bytes
    left, right, moves = _LEFT.translate, _RIGHT.translate, _MOVES.translate
    by_4, by_2, by_1, everything = _MASKS[4], _MASKS[2], _MASKS[1], _ALL
    for constant in _CONSTANTS:
        fold = state ^ state >> _BITS
        fold ^= fold >> 2 * _BITS
        parity = (fold ^ state >> 4 * _BITS).to_bytes(_TABLE, "little")
        state ^= read(left(parity), "little") ^ read(right(parity), "little") << 1
        lanes = read(moves(state.to_bytes(_TABLE, "little")), "little")
        lanes ^= (lanes ^ lanes << 4) & by_4
        lanes ^= (lanes ^ lanes << 2) & by_2
        lanes ^= (lanes ^ lanes << 1) & by_1
        rows = lanes | lanes << _STATE
        after = rows >> 10 * _BITS
        state = (lanes ^ after ^ rows >> 5 * _BITS & after) & everything ^ constant
    return state


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 hash of the data."""
    padded = bytearray(data)
    padded.append(1)
    padded += bytes(-len(padded) % _RATE)
    padded[-1] |= 0x80
    state = 0
    for start in range(0, len(padded), _RATE):
        block = padded[start : start + _RATE].ljust(_TABLE, b"\0")
        state = _permuted(state ^ int.from_bytes(_ABSORB.translate(block), "little"))
    return _SQUEEZE.translate(state.to_bytes(_TABLE, "little"))
