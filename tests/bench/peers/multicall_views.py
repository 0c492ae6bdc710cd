"""multicall.py as its guide has it: all views in one aggregate.

Arguments: URL and a file with the views (`tests.bench.views`). Prints the decoded values as JSON.
"""

import json
import sys
from pathlib import Path

from multicall import Call, Multicall
from web3 import Web3

w3 = Web3(Web3.HTTPProvider(sys.argv[1]))
views = json.loads(Path(sys.argv[2]).read_text())
calls = []
for number, view in enumerate(views):
    arguments = [bytes.fromhex(value) if kind == "bytes32" else value for kind, value in view["arguments"]]
    returns = [(f"{number}.{place}", None) for place in range(view["words"])]
    calls.append(Call(view["target"], [view["signature"], *arguments], returns))
found = Multicall(calls, _w3=w3)()
print(json.dumps([[found[f"{n}.{place}"] for place in range(view["words"])] for n, view in enumerate(views)]))
