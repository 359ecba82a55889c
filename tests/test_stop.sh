#!/usr/bin/env bash
# Sweeps that are killed or interrupted: any number of times, at any moment, the same command goes on to the same bytes.
. "$(dirname "$0")/shell.sh"
. "$root/tests/sweeps.sh"

# Parent, one child or all at a random moment, a hundred times; SOAK_SEED repeats a run.
killed() {
    "$root/scripts/soak" --plateau "$plateau" --kills "${SOAK_KILLS:-$(fewer 20 8)}" --seed "${SOAK_SEED:-$((RANDOM + 1))}" -- \
        --set "grid.tokens=$(fewer '["20k","60k","240k"]' '["20k","40k","80k"]')" >soak.txt 2>&1 || fail "$(cat soak.txt)"
    echo "  $(tail -n 1 soak.txt)"
}

# As by the kernel for want of memory: the sweep says so, ends the others, and the same command goes on.
two_runs_a_trunk() {
    "$plateau" sweep "$tiny" "${grid[@]}" --out "$1" --jobs 2 >"$1.txt" 2>&1 &
    pid=$!
}
# children are at work, and no run is done
at_work() { [ -n "$(children_of "$pid")" ] && ! compgen -G "$1/*/result.json" >/dev/null; }

child_killed() {
    local pid child code
    local grid=(--set "grid.tokens=[\"40k\",\"$(fewer 400k 80k)\"]" --set train.warmup_tokens=4k)
    catch at_work lost two_runs_a_trunk lost || return
    child=$(children_of "$pid" | head -n 1)
    kill -KILL "$child" || { fail "no child to kill"; return; }
    let_go "$pid"
    wait "$pid"
    code=$?
    [ "$code" = 1 ] || fail "exit code $code when a child was killed: $(cat lost.txt)"
    grep -q 'killed by signal 9 (Killed: .*want of memory)' lost.txt || fail "it does not say that a process was killed: $(cat lost.txt)"
    [ "$(wc -l <lost/results.csv)" = 5 ] || fail "the other runs were not trained"
    rm -rf lost/charts
    bare_sweep lost --jobs 2 "${grid[@]}"
    bare_sweep kept --jobs 1 "${grid[@]}"
    [ "$(digest kept)" = "$(digest lost)" ] || fail "it ends with other results"
}

interrupted() {
    interrupt 'stop/*/log.jsonl' "$plateau" sweep "$tiny" "${often[@]}" --set 'grid.tokens=["2G"]' --out stop --jobs 2 --fresh
    # the command that was typed, as a shell takes it: run again, it goes on
    local again code
    again=$(sed -n 's/.*Go on with: //p' stop.txt)
    grep -qF -- "--set train.checkpoint_s=0.01 --set train.warmup_tokens=3072 --set 'grid.tokens=[\"2G\"]' --out stop --jobs 2" <<<"$again" || fail "not what was typed: $again"
    (eval "timeout -s INT 1 $again") >stop2.txt 2>&1
    code=$?
    [ "$code" = 130 ] || [ "$code" = 124 ] || fail "the command that it names does not go on: $(tail -n 1 stop2.txt)"
    [ -n "$(find stop -name checkpoint.bin)" ] || fail "nothing was kept"
}

# The largest model of laptop.json: while it trains, and in the middle of a long evaluation.
interrupted_large() {
    local large=(--set 'grid.models=[{"d_model":192,"n_layer":2}]' --set 'grid.seeds=[1,2]')
    interrupt 'large/*/log.jsonl' "$plateau" sweep "$root/configs/laptop.json" "${large[@]}" --out large
    echo "  in training: $took_ms ms"
    [ -n "$(find large -name checkpoint.bin)" ] || fail "nothing was kept"
    interrupt 'long/*/log.jsonl' "$plateau" sweep "$root/configs/laptop.json" "${large[@]}" --set data.eval_tokens=20M --set 'grid.flops=["2e10"]' --out long
    echo "  in an evaluation: $took_ms ms"
    [ -n "$(find long -name checkpoint.bin)" ] || fail "nothing was kept of an evaluation"
}

# Stopped again and again, mostly in the evaluations along its curve, a run ends like any other.
interrupted_often() {
    local code i one=(--set train.warmup_tokens=3072 --set 'grid.models=[{"d_model":8,"n_layer":1}]' --set 'grid.tokens=["160k"]' --set "data.eval_tokens=$(fewer 5M 1M)")
    for i in $(seq 15); do
        "$plateau" sweep "$tiny" "${one[@]}" --out nagged --jobs 1 >nagged.txt 2>&1 &
        sleep "0.$(printf %02d $((i * 7 % 20 + 3)))"
        kill -INT $!
        wait $!
        code=$?
        [ "$code" = 0 ] && break
        [ "$code" = 130 ] || fail "exit code $code"
    done 2>/dev/null
    rm -rf nagged/charts
    bare_sweep nagged "${one[@]}"
    bare_sweep steady "${one[@]}"
    [ "$(digest steady)" = "$(digest nagged)" ] || fail "other results"
}

# What is done counts from the first word on, whoever did it.
progress_goes_on() {
    local two=(--set 'grid.models=[{"d_model":16,"n_layer":1}]' --set 'grid.seeds=[1,2]' --set train.warmup_tokens=4k --set fit.bootstrap=0)
    two+=(--set "grid.tokens=$(fewer '["1.2M","1.5M","1.8M","2M"]' '["120k","150k","180k","200k"]')")
    mkdir -p far && touch far/charts
    "$plateau" sweep "$tiny" "${two[@]}" --out far >far.txt 2>&1
    [ "$(find far -name result.json | wc -l)" = 8 ] || fail "not eight runs: $(tail -n 2 far.txt)"
    # of both trajectories the trunk is gone and the ends of three runs are there; one of them waits
    rm -rf far/d16-*-t2*
    local before after=
    before=$("$plateau" status far | sed -nE 's/^ *sweep .* ([0-9]+) %.*/\1/p')
    "$plateau" sweep "$tiny" "${two[@]}" --jobs 1 --out far >far.txt 2>&1 &
    for _ in {1..200}; do
        after=$(sed -n 's/^sweep [0-9]* [0-9]* \([0-9.]*\) .*/\1/p' far/.lock 2>/dev/null)
        [ -z "$after" ] || break
        sleep 0.05
    done
    kill -INT $! 2>/dev/null
    wait $!
    [ -z "$after" ] || awk "BEGIN { exit !(100 * $after >= $before - 1 && $before > 20) }" || fail "$before %, and when it went on $after"
    echo "  $before %, then ${after:-done at once}"
}

for t in killed child_killed interrupted interrupted_large interrupted_often progress_goes_on; do
    run_test "$t"
done
finish
