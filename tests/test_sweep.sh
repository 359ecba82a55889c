#!/usr/bin/env bash
# Whole sweeps: the same bytes whatever the jobs, branches equal to runs trained alone, and what a folder that is there allows.
. "$(dirname "$0")/shell.sh"
. "$root/tests/sweeps.sh"

undisturbed() {
    sweep whole --jobs 1
    [ "$(find whole -name result.json | wc -l)" = 9 ] || fail "not nine results"
    [ "$(wc -l <whole/results.csv)" = 10 ] || fail "not ten lines in results.csv"
    grep -q '^Verdict' whole.txt || fail "no verdict"
    tr -s '\n ' ' ' <whole.txt | grep -q 'exact floor of this language' || fail "the true floor is not printed"
    for chart in curves loss_tokens loss_params excess; do
        [ -s "whole/charts/$chart.png" ] && [ -s "whole/charts/$chart.svg" ] || fail "no chart $chart"
    done
}

two_jobs() {
    bare_sweep two --jobs 2
    [ "$(digest whole)" = "$(digest two)" ] || fail "two jobs differ from one"
}

two_threads() {
    local n
    # a system that gives fewer threads than were asked for, as a build without OpenMP does
    OMP_THREAD_LIMIT=1 timeout -k 5 60 "$plateau" train "$tiny" --set model.d_model=8 --set model.n_layer=1 --set train.tokens=20k --threads 2 \
        --out limited >/dev/null 2>&1 || fail "exit code $? where the system gives one thread"
    for n in 1 2; do
        OMP_NUM_THREADS=$n "$plateau" train "$tiny" --set model.d_model=20 --set model.n_head=2 --set model.n_layer=2 \
            --set "train.tokens=$(fewer 100k 20k)" --threads $n --out threads$n >/dev/null 2>&1 || fail "train with $n threads"
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
    "$plateau" status whole | grep -q '^sweep .*100 %  9/9 runs' || fail "status does not show the sweep's line"
    grep -q 'nothing to train' whole.txt || fail "it does not say that there is nothing to do"
}

alone() {
    local model='grid.models=[{"d_model":16,"n_layer":1}]'
    bare_sweep one --set "$model" --set 'grid.tokens=["80k"]'
    bare_sweep many --set "$model" --set 'grid.tokens=["80k","160k"]' --set train.warmup_tokens=4k
    bare_sweep one2 --set "$model" --set 'grid.tokens=["80k"]' --set train.warmup_tokens=4k
    local run
    run=$(basename "$(find one2 -name 'd16-*' -type d)")
    cmp -s "one2/$run/checkpoint.bin" "many/$run/checkpoint.bin" || fail "a branch differs from the run alone"
}

# Six sizes at six budgets, each twice the one before: few more than half the tokens, and every run as if alone.
six_by_six() {
    local models='grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1},{"d_model":24,"n_layer":1},{"d_model":8,"n_layer":2},{"d_model":16,"n_layer":2},{"d_model":24,"n_layer":2}]'
    local by budgets percent budget run
    by=$(fewer 1 8) # of the tokens, of a step's and of the evaluation's: as many steps
    budgets="$((8192 / by)) $((16384 / by)) $((32768 / by)) $((65536 / by)) $((131072 / by)) $((262144 / by))"
    local same=(--set "$models" --set train.warmup_tokens=$((4096 / by)) --set train.batch_tokens=$((1024 / by)) --set data.eval_tokens=$((8192 / by))
        --set fit.bootstrap=0)
    bare_sweep grid "${same[@]}" --set "grid.tokens=[${budgets// /,}]"
    percent=$(sed -nE 's/.*tokens, ([0-9.]+) % of the .* without shared trunks/\1/p' grid.txt)
    awk -v p="${percent:-100}" 'BEGIN { exit !(p <= 62) }' || fail "$percent % of the tokens of separate runs"
    echo "  shared trunks: $percent % of the tokens of separate runs"
    for budget in $budgets; do
        bare_sweep separate "${same[@]}" --set "grid.tokens=[$budget]"
    done
    for run in grid/d*; do
        cmp -s "$run/checkpoint.bin" "separate/${run#*/}/checkpoint.bin" || fail "${run#*/}: other weights than alone"
        cmp -s <(sed 's/,"tokens_per_s":[^}]*//' "$run/log.jsonl") \
            <(sed 's/,"tokens_per_s":[^}]*//' "separate/${run#*/}/log.jsonl") || fail "${run#*/}: another log than alone"
        cmp -s <(grep '"loss' "$run/result.json") <(grep '"loss' "separate/${run#*/}/result.json") ||
            fail "${run#*/}: another loss than alone"
    done
    [ "$(find separate -name result.json | wc -l)" = 36 ] || fail "not 36 runs"
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
    sweep grown --set "grid.tokens=[\"40k\",\"80k\",\"160k\",\"$(fewer 320k 60k)\"]"
    [ "$(wc -l <grown/results.csv)" = 13 ] || fail "a grid that grew has not 12 runs"
}

diverged() {
    "$plateau" sweep "$tiny" --set train.lr=10 --set train.clip=0 --out wild >wild.txt 2>&1
    [ $? = 1 ] || fail "a sweep whose runs all diverged has not failed"
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

for t in undisturbed two_jobs two_threads finished alone six_by_six changed_config diverged disk_full planned; do
    run_test "$t"
done
finish
