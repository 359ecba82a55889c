#!/usr/bin/env bash
# Calls to the system that fail: one of a sweep's opens, reads, writes, fsyncs, renames, closes, forks or mmaps at a time, by
# a library that is preloaded (faults.c, $2). The sweep says so and ends with the exit code for it, or does without; the same
# command without the fault ends with the same bytes as a sweep that met none.
#
#     FAULTS=N    calls of each kind that are made to fail, spread over all (all: every one), instead of a few
shim=${2:-}
[ ! -e "$shim" ] || shim=$(cd "$(dirname "$shim")" && pwd)/$(basename "$shim")
set -- "$1" "${@:3}"
. "$(dirname "$0")/shell.sh"
. "$root/scripts/digest.sh"
each=${FAULTS:-$(fewer 2 1)}
command=("$plateau" sweep "$root/configs/tiny.json" --jobs 2 --set fit.bootstrap=0 --set train.warmup_tokens=1024
    --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1}]' --set 'grid.tokens=["4k","8k"]' --set data.eval_tokens=512)
# errors of each kind, by their numbers: 28 ENOSPC, 122 EDQUOT, 30 EROFS, 24 EMFILE, 5 EIO, 11 EAGAIN, 12 ENOMEM, 13 EACCES
errors_open=(24 30 13 5) errors_read=(5) errors_write=(28 122 5 short) errors_sync=(5 28) errors_rename=(30 28 5)
errors_close=(5 122) errors_fork=(11 12) errors_map=(12)

# with_fault OUT KIND N ERRNO: the sweep into OUT; its exit code in $code, what it said in OUT.txt.
with_fault() {
    # an emulator is of this machine, and the library of the other
    env "${TEST_EMULATOR:+QEMU_SET_ENV=}LD_PRELOAD=$shim" PLATEAU_FAULT=$2:$3:$4 PLATEAU_FAULT_COUNT="$tmp/calls" "${command[@]}" --out "$1" >"$1.txt" 2>&1 </dev/null
    code=$?
}

works() {
    [ -e "$shim" ] || { skip "no library can be preloaded here"; return 1; }
    [ -n "${whole:-}" ] && return
    with_fault whole open 0 0
    [ "$code" = 0 ] || { fail "exit code $code without a fault: $(tail -n 2 whole.txt)"; return 1; }
    whole=$(sweep_digest whole)
}

one() {
    local kind=$1 n=$2 errno=$3 said
    with_fault broken "$kind" "$n" "$errno"
    said=$(grep -c '^plateau: ' broken.txt)
    case $code in
    0) ;; # it can do without, or tries again
    1 | 3) [ "$said" = 1 ] || fail "$kind $n, errno $errno: exit code $code with $said messages: $(cat broken.txt)" ;;
    *) fail "$kind $n, errno $errno: exit code $code: $(tail -n 2 broken.txt)" ;;
    esac
    [ "$code" = 0 ] && survived=$((survived + 1))
    "${command[@]}" --out broken >again.txt 2>&1 </dev/null || fail "$kind $n, errno $errno: exit code $? without the fault: $(tail -n 2 again.txt)"
    [ "$(sweep_digest broken)" = "$whole" ] || fail "$kind $n, errno $errno: it ends with other bytes: $(diff <(echo "$whole") <(sweep_digest broken) | head -n 4)"
    [ -z "$(find broken -name '*.tmp-*')" ] || fail "$kind $n, errno $errno: temporary files stay: $(find broken -name '*.tmp-*')"
    rm -rf broken
}

# fail_each KIND
fail_each() {
    local kind=$1 total n errors i=0 survived=0 step
    works || return
    errors="errors_${kind}[@]"
    errors=("${!errors}")
    with_fault counted "$kind" 0 0
    total=$(cat "$tmp/calls")
    rm -rf counted
    [ "$total" -gt 0 ] || { fail "no call of $kind is seen"; return; }
    step=1
    [ "$each" = all ] || step=$(((total + each - 1) / each))
    for ((n = 1 + RANDOM % step; n <= total; n += step)); do
        one "$kind" "$n" "${errors[i % ${#errors[@]}]}"
        i=$((i + 1))
    done
    echo "  $kind: $i of $total calls failed in turn, $survived without harm"
}

opens() { fail_each open; }
reads() { fail_each read; }
writes() { fail_each write; }
syncs() { fail_each sync; }
renames() { fail_each rename; }
closes() { fail_each close; }
forks() { fail_each fork; }
maps() { fail_each map; }

for t in opens reads writes syncs renames closes forks maps; do
    run_test "$t"
done
finish
