#!/usr/bin/env bash
# A machine with two kinds of cores, made of this one: a tree of its own in the place of /sys, seen by one process and its children
# alone, says that the last core is a slow one. What is named, and which process goes where.
. "$(dirname "$0")/shell.sh"

# The first and the last core that this process may use.
cores=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status 2>/dev/null) # ports: no kinds of cores to be told elsewhere
first=${cores%%[-,]*} last=${cores##*[-,]}
cores=$first,$last
[ "$((first + 1))" != "$last" ] || cores=$first-$last

# A namespace of mounts, by the right of root or of one's own.
apart=(unshare --mount)
"${apart[@]}" true 2>/dev/null || apart=(unshare --user --map-root-user --mount)

# hybrid COMMAND...: instead of this shell, on two cores of two kinds.
hybrid() {
    # shellcheck disable=SC2016 # expanded inside
    exec "${apart[@]}" sh -c 'mount -t tmpfs none /sys && mkdir -p /sys/devices/cpu_atom && echo "$1" >/sys/devices/cpu_atom/cpus &&
        cores=$2 && shift 2 && exec taskset -c "$cores" "$@"' sh "$last" "$first,$last" "$@"
}

can() {
    [ -n "$last" ] && [ "$first" != "$last" ] || { skip "one core, or a system that does not list them"; return 1; }
    command -v unshare >/dev/null && command -v taskset >/dev/null && (hybrid true) 2>/dev/null ||
        { skip "no tree of one's own can be mounted here"; return 1; }
}

named() {
    can || return
    (hybrid "$plateau" version) >said 2>&1
    grep -q '; 2 cores here, 1 fast and 1 slow$' said || fail "version: $(cat said)"
    [ -z "${TEST_SLOW:-}" ] || return 0 # a peak takes a minute by an emulator; tests/test_bench.c has the words
    (hybrid "$plateau" bench peak --repeat 1) >said 2>&1
    tr '\n' ' ' <said | tr -s ' ' | grep -q 'cores of two kinds: 1 fast and 1 slow' || fail "bench: $(cat said)"
    (hybrid "$plateau" bench peak --repeat 1 --json -) >said 2>&1
    grep -q '"fast_cores": 1, "slow_cores": 1,' said || fail "bench --json: $(cat said)"
    "$plateau" bench peak --repeat 1 --json - >said 2>&1
    [ -e /sys/devices/cpu_atom ] || [ -e /sys/devices/system/cpu/cpu0/cpu_capacity ] || ! grep -q '_cores"' said ||
        fail "kinds where there is one: $(cat said)"
}

# begin OUT MODELS: a sweep by all cores there are, two.
begin() {
    local out=$1
    (hybrid "$plateau" sweep "$root/configs/tiny.json" --jobs 2 --set fit.bootstrap=0 --set train.warmup_tokens=1024 --set data.eval_tokens=512 \
        --set "grid.models=[$2]" --set 'grid.tokens=["'"$(fewer 200k 40k)"'"]' --out "$out") >"$out.txt" 2>&1 &
    pid=$!
}
two_jobs() { begin "$1" '{"d_model":16,"n_layer":1},{"d_model":24,"n_layer":1}'; }
one_pair() { begin "$1" '{"d_model":24,"n_layer":1}'; }

# On which cores each thread of a process may run, one line for all that are alike.
cores_of() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/"$1"/task/*/status | sort -u; } # ports: see above

threads_of() { ls /proc/"$1"/task | wc -l; } # ports: see above

# placed N: N processes are at work, and each has been told its cores.
placed() {
    local child
    [ "$(children_of "$pid" | wc -l)" -eq "$1" ] || return
    for child in $(children_of "$pid"); do [ "$(cores_of "$child")" != "$cores" ] || return 1; done
}
both_at_work() { [ "$(compgen -G "$1/*/log.jsonl" | wc -l)" = 2 ] && placed 2; }
pair_at_work() { has_log "$1" && placed 1 && [ "$(threads_of "$(children_of "$pid")")" -ge 2 ]; } # an emulator has threads of its own

each_on_its_kind() {
    local child got
    can || return
    catch both_at_work two two_jobs two || return
    got=$(for child in $(children_of "$pid"); do cores_of "$child"; done | sort | tr '\n' ' ')
    let_go "$pid"
    wait "$pid" || fail "exit code $?: $(tail -n 2 two.txt)"
    [ "$got" = "$first $last " ] || fail "two processes are on cores $got, not on $first and $last"
}

pair_is_not_split() {
    local child=
    can || return
    catch pair_at_work pair one_pair pair || return
    for child in $(children_of "$pid"); do
        [ "$(cores_of "$child")" = "$first" ] || fail "a pair of threads is on cores $(cores_of "$child" | tr '\n' ' '), not on the fast one"
    done
    [ -n "$child" ] || fail "no process at work"
    let_go "$pid"
    wait "$pid" || fail "exit code $?: $(tail -n 2 pair.txt)"
}

for t in named each_on_its_kind pair_is_not_split; do run_test "$t"; done
finish
