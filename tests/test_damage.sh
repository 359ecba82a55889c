#!/usr/bin/env bash
# A folder's files are damaged at random, and no answer changes in silence: scripts/damage, in short.
. "$(dirname "$0")/shell.sh"

changes() {
    "$root/scripts/damage" --plateau "$plateau" --times "${DAMAGE_TIMES:-$(fewer 100 25)}" --seed "${DAMAGE_SEED:-$((RANDOM + 1))}" >damage.txt 2>&1 ||
        fail "$(cat damage.txt)"
    echo "  $(tail -n 1 damage.txt)"
}

run_test changes
finish
