"""web3.py as its guide has it: a contract object per address, one call after the other.

Arguments: URL and a file with the views (`tests.bench.views`). Prints the decoded values as JSON.
"""

import json
import sys
from pathlib import Path

from web3 import Web3

w3 = Web3(Web3.HTTPProvider(sys.argv[1]))
values = []
for view in json.loads(Path(sys.argv[2]).read_text()):
    contract = w3.eth.contract(Web3.to_checksum_address(view["target"]), abi=[view["abi"]])
    arguments = [bytes.fromhex(value) if kind == "bytes32" else value for kind, value in view["arguments"]]
    answer = contract.functions[view["abi"]["name"]](*arguments).call()
    values.append(answer if isinstance(answer, (list, tuple)) else [answer])
print(json.dumps(values))
