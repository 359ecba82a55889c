#!/usr/bin/env bash
# Whole sweeps: the same bytes whatever the jobs, and after any kill; branches equal to runs trained alone.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json
often=(--set train.checkpoint_s=0.01)

# Everything that a sweep leaves behind, without times and speeds.
digest() {
    (
        cd "$1" || exit
        for run in */; do
            [ -e "$run/result.json" ] || continue
            echo "$run"
            cksum <"$run/checkpoint.bin"
            sed 's/,"tokens_per_s":[^}]*//' "$run/log.jsonl" | cksum
            grep -vE 'wall_s|tokens_per_s' "$run/result.json" | cksum
        done
        cut -d, -f1-21,24 results.csv | cksum
    )
}

sweep() {
    local out=$1
    shift
    local log=${out//\//-}.txt
    "$plateau" sweep "$tiny" "${often[@]}" --out "$out" "$@" >"$log" 2>&1 || fail "sweep $out: exit code $?: $(tail -n 3 "$log")"
}

undisturbed() {
    sweep whole --jobs 1
    [ "$(find whole -name result.json | wc -l)" = 9 ] || fail "not nine results"
    [ "$(wc -l <whole/results.csv)" = 10 ] || fail "not ten lines in results.csv"
    grep -q '^Verdict' whole.txt || fail "no verdict"
    grep -q 'exact floor of this language' whole.txt || fail "the true floor is not printed"
    for chart in curves loss_tokens loss_params excess returns; do
        [ -s "whole/charts/$chart.png" ] && [ -s "whole/charts/$chart.svg" ] || fail "no chart $chart"
    done
}

two_jobs() {
    sweep two --jobs 2
    [ "$(digest whole)" = "$(digest two)" ] || fail "two jobs differ from one"
}

two_threads() {
    local n
    for n in 1 2; do
        OMP_NUM_THREADS=$n "$plateau" train "$tiny" --set model.d_model=20 --set model.n_head=2 --set model.n_layer=2 \
            --set train.tokens=100k --threads $n --out threads$n >/dev/null 2>&1 || fail "train with $n threads"
    done
    cmp -s threads1/*/checkpoint.bin threads2/*/checkpoint.bin || fail "weights of two threads differ from one"
    diff <(grep '"loss' threads1/*/result.json) <(grep '"loss' threads2/*/result.json) >/dev/null ||
        fail "losses of two threads differ from one"
}

finished() {
    local before after
    before=$(find whole -type f -exec cksum {} + | sort)
    sweep whole --jobs 2
    after=$(find whole -type f -exec cksum {} + | sort)
    [ "$before" = "$after" ] || fail "a finished sweep was changed"
    "$plateau" status whole | tail -n 1 | grep -q '9 of 9 runs done.*nothing is left' || fail "status does not say that all is done"
    grep -q 'nothing to train' whole.txt || fail "it does not say that there is nothing to do"
}

# Parent, child or both at a random moment, thirty times.
killed() {
    local i pid child at
    RANDOM=7
    for i in $(seq 30); do
        "$plateau" sweep "$tiny" "${often[@]}" --out killed --jobs 2 >/dev/null 2>&1 &
        pid=$!
        sleep "0.0$((RANDOM % 10))"
        child=$(pgrep -P "$pid" 2>/dev/null | head -n 1)
        at=$((RANDOM % 3))
        [ "$at" != 0 ] && [ -n "$child" ] && kill -KILL "$child" 2>/dev/null
        [ "$at" != 1 ] && kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        while pgrep -P 1 -f -- "--out killed" >/dev/null; do sleep 0.01; done
    done 2>/dev/null
    sweep killed
    [ "$(digest whole)" = "$(digest killed)" ] || fail "a killed sweep differs from an undisturbed one"
}

interrupted() {
    "$plateau" sweep "$tiny" "${often[@]}" --set 'grid.tokens=["20M"]' --out stop --jobs 2 >stop.txt 2>&1 &
    local pid=$! code
    sleep 0.5
    kill -INT "$pid"
    wait "$pid"
    code=$?
    [ "$code" = 130 ] || fail "exit code $code after Ctrl-C"
    grep -q 'Go on with: plateau sweep' stop.txt || fail "it does not say how to go on"
    [ -s stop/results.csv ] || [ -n "$(find stop -name checkpoint.bin)" ] || fail "nothing was kept"
}

alone() {
    local model='grid.models=[{"d_model":16,"n_layer":1}]'
    sweep one --set "$model" --set 'grid.tokens=["80k"]'
    sweep many --set "$model" --set 'grid.tokens=["80k","160k"]' --set train.warmup_tokens=4k
    sweep one2 --set "$model" --set 'grid.tokens=["80k"]' --set train.warmup_tokens=4k
    local run
    run=$(basename "$(find one2 -name 'd16-*' -type d)")
    cmp -s "one2/$run/checkpoint.bin" "many/$run/checkpoint.bin" || fail "a branch differs from the run alone"
}

# The same cell of the grid under another config is refused; other cells are welcome.
changed_config() {
    local code before after
    before=$(find whole -type f -exec cksum {} + | sort)
    "$plateau" sweep "$tiny" "${often[@]}" --set train.lr=0.004 --out whole >changed.txt 2>&1
    code=$?
    [ "$code" = 2 ] || fail "exit code $code with another learning rate"
    grep -q 'train.lr 0.008 -> 0.004' changed.txt || fail "the difference is not named: $(cat changed.txt)"
    after=$(find whole -type f -exec cksum {} + | sort)
    [ "$before" = "$after" ] || fail "the folder was changed"
    cp -r whole grown
    sweep grown --set 'grid.tokens=["40k","80k","160k","320k"]'
    [ "$(wc -l <grown/results.csv)" = 13 ] || fail "a grid that grew has not 12 runs"
}

diverged() {
    "$plateau" sweep "$tiny" --set train.lr=10 --set train.clip=0 --out wild >wild.txt 2>&1 || fail "exit code $?"
    grep -q '9 runs diverged' wild.txt || fail "it does not say that runs diverged"
    [ "$(cut -d, -f2 wild/results.csv | sort -u | tr '\n' ' ')" = "diverged status " ] || fail "not every run is marked diverged"
    [ "$(cut -d, -f19 wild/results.csv | sort -u | tr -d '\n')" = "loss" ] || fail "a run that diverged has a loss"
}

# A disk that fills up, and has room again.
disk_full() {
    local code
    mkdir -p small
    mount -t tmpfs -o size=400k tmpfs small 2>/dev/null || { skip "no right to mount a small disk"; return; }
    "$plateau" sweep "$tiny" "${often[@]}" --out small/x >full.txt 2>&1
    code=$?
    [ "$code" = 3 ] || fail "exit code $code on a full disk"
    tail -n 1 full.txt | grep -q 'No space left on device' || fail "the reason is not named: $(tail -n 1 full.txt)"
    [ -z "$(find small -name '*.tmp*')" ] || fail "temporary files stayed"
    mount -o remount,size=50M small
    sweep small/x
    [ "$(digest whole)" = "$(digest small/x)" ] || fail "a sweep after a full disk differs"
    umount small
}

# A plan from a fit: what it says at a budget of compute is what it finds for the loss at that budget.
planned() {
    local loss flops
    "$plateau" plan whole --flops 1e11 >plan.txt 2>&1 || fail "exit code $?: $(cat plan.txt)"
    grep -q 'nearest shape' plan.txt && grep -q 'on .* core' plan.txt || fail "no shape or no time"
    loss=$(sed -nE 's/^  loss +([0-9.]+).*/\1/p' plan.txt)
    flops=$("$plateau" plan whole --loss "$loss" | sed -nE 's/^For ([0-9.e+]+) FLOPs.*/\1/p')
    awk -v f="$flops" 'BEGIN { exit !(f > 0.9e11 && f < 1.1e11) }' || fail "loss $loss is planned at $flops, not 1e11"
    "$plateau" plan whole --loss 1e-9 >plan.txt 2>&1 && fail "a loss below any floor can be planned"
    "$plateau" plan whole >plan.txt 2>&1 && fail "a plan without a budget"
    grep -q 'give one of' plan.txt || fail "no clear error: $(cat plan.txt)"
}

locked() {
    "$plateau" sweep "$tiny" --set 'grid.tokens=["40M"]' --out busy --jobs 1 >/dev/null 2>&1 &
    local pid=$! code
    sleep 0.3
    "$plateau" status busy | tail -n 1 | grep -q 'a sweep is at work here' || fail "status does not see the sweep"
    "$plateau" sweep "$tiny" --set 'grid.tokens=["40M"]' --out busy >busy.txt 2>&1
    code=$?
    kill -INT "$pid"
    wait "$pid"
    "$plateau" status busy | tail -n 1 | grep -q 'no sweep is at work' || fail "status sees a sweep that has ended"
    [ "$code" = 3 ] || fail "exit code $code of a second sweep in one folder"
}

for t in undisturbed two_jobs two_threads finished killed interrupted alone changed_config diverged disk_full planned locked; do
    run_test "$t"
done
finish
