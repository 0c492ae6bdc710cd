#!/usr/bin/env bash
# One look, one judgement, one plan, kept as documents; nothing is carried out.
#
#   examples/pipeline.sh FOLDER        the world is MAMMON_MODE, as always
#
# Ends with the exit code of the judgement: 0 a move or a hold, 3 refused by a safety gate.
set -euo pipefail
folder=${1:?usage: pipeline.sh FOLDER}
mkdir -p "$folder"

mammon scan --json -q > "$folder/scan.json"

code=0
mammon gates -i "$folder/scan.json" --json -q > "$folder/gates.json" || code=$?
[ "$code" = 0 ] || [ "$code" = 3 ] || exit "$code"

# Anybody can compute the judgement again, later and elsewhere, and gets the same bytes.
mammon replay -i "$folder/gates.json" -q
mammon explain -i "$folder/gates.json" -q --json > "$folder/explained.json"

# The plan is judged anew at the current block: the judgement above is only a proposal.
mammon rebalance -i "$folder/gates.json" --plan-only --json -q > "$folder/plan.json" || code=$?
exit "$code"
