#!/usr/bin/env bash
# Several workers train one sweep into one folder: whatever becomes of any of them, it ends with the bytes of one process.
. "$(dirname "$0")/shell.sh"
. "$root/tests/sweeps.sh"
. "$root/scripts/digest.sh"

grid=(--set train.warmup_tokens=2048 --set train.checkpoint_s=0.02 --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1}]'
    --set 'grid.tokens=["20k","30k","40k"]' --set 'grid.seeds=[1,2]')
long=("${grid[@]}" --set "grid.tokens=[\"40k\",\"$(fewer 120k 60k)\"]")
endless=("${grid[@]}" --set 'grid.tokens=["40k","2G"]') # is killed

# one NAME ARGUMENTS...: the same in one process; once a name.
one() {
    [ -e "$1/results.csv" ] || { mkdir -p "$1"; touch "$1/charts"; "$plateau" sweep "$tiny" --out "$1" --jobs 2 "${@:2}" >"$1.txt" 2>&1; }
}

# worker OUT ARGUMENTS...: in the foreground. begin OUT ARGUMENTS...: in the background; its id in $pid, its words in OUT.$n_begun.
worker() {
    "$plateau" sweep "$tiny" --out "$1" --worker --jobs 1 "${@:2}" >"$1.words" 2>&1
}
begin() {
    n_begun=$((n_begun + 1))
    "$plateau" sweep "$tiny" --out "$1" --worker --jobs 1 "${@:2}" >"$1.$n_begun" 2>&1 &
    pid=$!
}
n_begun=0
n_cores=$("$plateau" version | sed -n 's/^threads: .*; \([0-9]*\) cores* here.*/\1/p')

# same OUT NAME: byte for byte, and nothing of the workers is left.
same() {
    [ "$(sweep_digest "$1")" = "$(sweep_digest "$2")" ] || fail "$1 is not what one process makes: $(diff <(sweep_digest "$1") <(sweep_digest "$2") | head -n 4)"
    [ ! -e "$1/.workers" ] || fail "something is left of the workers: $(find "$1/.workers" | head -n 5)"
}

# ends PID CODE WORDS-FILE
ends() {
    wait "$1"
    local code=$?
    [ "$code" = "$2" ] || fail "exit code $code, not $2: $(tail -n 2 "$3")"
}

# A run that a worker of folder $1 has claimed has a checkpoint.
saved() { compgen -G "$1/.workers/claims/*/@*/*/checkpoint.bin" >/dev/null; }

alone() {
    one whole "${grid[@]}"
    worker a "${grid[@]}" || fail "exit code $?: $(tail -n 2 a.words)"
    same a whole
    grep -q 'all 12 runs are done' a.words || fail "it does not say that all is done: $(tail -n 1 a.words)"
    worker a "${grid[@]}" || fail "again: exit code $?"
    grep -q 'trained 0 runs' a.words || fail "it trained again: $(tail -n 2 a.words)"
}

# Many at once on few trajectories: each is trained once, whoever comes.
crowd() {
    local i pids=() all n
    n=$(fewer 24 8)
    one whole "${grid[@]}"
    for i in $(seq "$n"); do
        "$plateau" sweep "$tiny" --out crowd --worker --oversubscribe --jobs 1 "${grid[@]}" >"crowd-$i.txt" 2>&1 &
        pids+=($!)
    done
    for i in $(seq "$n"); do
        wait "${pids[i - 1]}" || fail "worker $i: exit code $?: $(tail -n 1 "crowd-$i.txt")"
    done
    all=$(cat crowd-*.txt | sed -n 's/^this worker trained \([0-9]*\) runs.*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }')
    [ "$all" = 12 ] || fail "$all runs were trained, there are 12"
    grep -l 'taken over\|error' crowd-*.txt && fail "somebody took something over"
    same crowd whole
}

# More workers than the machine has cores: no more train than there are cores for, the others wait and end with them.
cores() {
    local i pids=() n trained
    [ -n "$n_cores" ] && [ "$n_cores" -le 16 ] || { skip "the number of cores is not told, or large"; return; }
    n=$((n_cores + 2))
    one whole "${grid[@]}"
    for i in $(seq "$n"); do
        TMPDIR=$PWD "$plateau" sweep "$tiny" --out cores --worker --jobs 1 "${grid[@]}" >"cores-$i.txt" 2>&1 &
        pids+=($!)
    done
    for i in $(seq "$n"); do
        wait "${pids[i - 1]}" || fail "worker $i: exit code $?: $(tail -n 1 "cores-$i.txt")"
    done
    trained=$(grep -l '^this worker trained [1-9]' cores-*.txt | wc -l)
    [ "$trained" -le "$n_cores" ] || fail "of $n workers on $n_cores cores $trained trained"
    [ -z "$(ls -d plateau-cores* 2>/dev/null)" ] || fail "a file stays: $(ls -d plateau-cores*)"
    same cores whole
    "$plateau" sweep "$tiny" --out cores --oversubscribe >bad.txt 2>&1
    [ $? = 2 ] && grep -q -- '--oversubscribe goes with --worker' bad.txt || fail "--oversubscribe without --worker: $(cat bad.txt)"
}

# One that has all cores, and one that waits for it, says so, and steps in when it is killed.
waits() {
    local first
    [ -n "$n_cores" ] || { skip "the number of cores is not told"; return; }
    begin waits --jobs "$n_cores" "${endless[@]}"
    first=$pid
    patiently saved waits || fail "nothing is trained: $(cat "waits.$n_begun")"
    begin waits --patience 1s "${endless[@]}"
    patiently grep -q "at work on this machine's cores: waiting" "waits.$n_begun" || fail "it does not wait: $(cat "waits.$n_begun")"
    patiently eval '"$plateau" status waits 2>&1 | grep -q "process $pid: 1 core, .*, waiting, 0 runs"' || fail "status: $("$plateau" status waits 2>&1 | grep worker)"
    kill -KILL "$first" $(children_of "$first")
    wait "$first"
    patiently eval '[ -n "$(children_of "$pid")" ]' || fail "it does not step in: $(cat "waits.$n_begun")"
    kill -KILL "$pid" $(children_of "$pid")
    wait "$pid"
} 2>/dev/null

killed() {
    one long "${long[@]}"
    catch saved killed begin killed "${long[@]}" || return
    kill -KILL "$pid" $(children_of "$pid")
    wait "$pid" 2>/dev/null
    worker killed "${long[@]}" || fail "exit code $?"
    grep -q 'for a worker that is gone\|from a worker that is gone' killed.words || fail "nothing was taken over: $(cat killed.words)"
    same killed long
} 2>/dev/null

# Stopped for longer than the others have patience, and continued: it sees that it has lost its claim, and writes nothing.
stopped() {
    local first
    one long "${long[@]}"
    catch saved stopped begin stopped --patience 1s "${long[@]}" || return
    first=$pid
    begin stopped --patience 1s --stay "${long[@]}"
    patiently grep -q 'handed back for a worker\|taken over from a worker' "stopped.$n_begun" || fail "nothing was taken over: $(tail -n 1 "stopped.$n_begun")"
    let_go "$first"
    ends "$pid" 0 "stopped.$n_begun"
    ends "$first" 0 "stopped.$((n_begun - 1))"
    grep -q 'taken over by another worker' "stopped.$((n_begun - 1))" || fail "it did not notice: $(tail -n 3 "stopped.$((n_begun - 1))")"
    same stopped long
}

# The same, where the first goes on only when all is done: its folder is gone, and it changes nothing.
stopped_late() {
    local first before
    one long "${long[@]}"
    catch saved late begin late --patience 1s "${long[@]}" || return
    first=$pid
    worker late --patience 1s --stay "${long[@]}" || fail "exit code $?: $(tail -n 2 late.words)"
    before=$(sweep_digest late)
    let_go "$first"
    ends "$first" 0 "late.$n_begun"
    [ "$(sweep_digest late)" = "$before" ] || fail "it changed what was done"
    same late long
}

preempted() {
    local signal first began
    one long "${long[@]}"
    for signal in TERM USR1; do
        catch saved "on$signal" begin "on$signal" "${long[@]}" || return
        first=$pid
        began=$(now_ms)
        kill "-$signal" "$first" $(children_of "$first")
        let_go "$first"
        ends "$first" 143 "on$signal.$n_begun"
        echo "  $signal: saved and handed back in $(($(now_ms) - began)) ms"
        compgen -G "on$signal/.workers/claims/*/free/*/checkpoint.bin" >/dev/null || fail "nothing was handed back"
        [ -z "$(ls "on$signal/.workers/alive")" ] || fail "it is still on the list"
        worker "on$signal" "${long[@]}" || fail "exit code $?"
        same "on$signal" long
    done
    catch saved onINT begin onINT "${long[@]}" || return
    kill -INT "$pid"
    let_go "$pid"
    ends "$pid" 130 "onINT.$n_begun"
}

# status of folder $1 names the worker $pid and how fast it is.
named() {
    "$plateau" status "$1" >status.txt 2>&1 && grep -q "worker .*, process $pid: 1 core, .* tokens/s, .* heartbeat .* ago" status.txt
}

ordinary() {
    mkdir -p "$1" && touch "$1/charts"
    "$plateau" sweep "$tiny" --out "$1" --jobs 1 "${@:2}" >"$1.txt" 2>&1 &
    pid=$!
}

# An ordinary sweep and workers keep out of each other's way.
beside() {
    begin beside "${endless[@]}"
    patiently named beside || fail "status does not name it: $(cat status.txt)"
    "$plateau" sweep "$tiny" --out beside "${endless[@]}" >beside.txt 2>&1
    [ $? = 3 ] || fail "a sweep begins where a worker is: $(tail -n 1 beside.txt)"
    grep -q "workers are at work in beside" beside.txt || fail "it does not say why: $(tail -n 1 beside.txt)"
    "$plateau" sweep "$tiny" --out beside --worker "${grid[@]}" >beside.txt 2>&1
    [ $? = 2 ] || fail "a worker of another config takes part: $(tail -n 1 beside.txt)"
    kill -KILL "$pid" $(children_of "$pid")
    wait "$pid"
} 2>/dev/null

# They go on with what the other has left.
after() {
    one long "${long[@]}"
    catch saved after begin after "${long[@]}" || return
    kill -KILL "$pid" $(children_of "$pid")
    wait "$pid"
    one after "${long[@]}"
    same after long
    catch midway other ordinary other "${long[@]}" || return
    worker other "${long[@]}"
    [ $? = 3 ] || fail "a worker begins where a sweep is: $(tail -n 1 other.words)"
    kill -INT "$pid"
    let_go "$pid"
    ends "$pid" 130 other.txt
    worker other "${long[@]}" || fail "exit code $?: $(tail -n 1 other.words)"
    same other long
} 2>/dev/null

shards() {
    local i
    one whole "${grid[@]}"
    for i in 1 2 3; do
        SLURM_ARRAY_TASK_ID=$((i + 4)) SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_COUNT=3 "$plateau" sweep "$tiny" --out shards --shard auto --jobs 1 "${grid[@]}" >"shard$i.txt" 2>&1 ||
            fail "shard $i: exit code $?: $(tail -n 1 "shard$i.txt")"
        [ "$i" = 3 ] || [ ! -e shards/results.csv ] || fail "results before the last"
    done
    same shards whole
    [ "$(sed -n 's/^this worker trained \([0-9]*\) runs.*/\1/p' shard?.txt | tr '\n' ' ')" != '12 0 0 ' ] || fail "the first did all"
    for i in 0/3 4/3 1/0 x 1/ /2 auto 1/2/3; do
        env -u SLURM_ARRAY_TASK_ID "$plateau" sweep "$tiny" --out shards --shard "$i" "${grid[@]}" >bad.txt 2>&1
        [ $? = 2 ] || fail "--shard $i is taken: $(tail -n 1 bad.txt)"
        grep -q -- "--shard $i" bad.txt || fail "--shard $i: the message does not name it: $(cat bad.txt)"
    done
    JOB_COMPLETION_INDEX=1 "$plateau" sweep "$tiny" --out shards --shard auto "${grid[@]}" >bad.txt 2>&1
    grep -q 'PLATEAU_SHARDS is not set' bad.txt || fail "no count: $(cat bad.txt)"
    "$plateau" sweep "$tiny" --out shards --worker --fresh "${grid[@]}" >bad.txt 2>&1
    [ $? = 2 ] || fail "--worker --fresh is taken"
}

isas() { tail -n +2 "$1/results.csv" | cut -d, -f26 | sort -u; }

# fit gathers what there is while workers are at it; another instruction set is named in the verdict.
gathered() {
    one whole "${grid[@]}"
    worker gathered --shard 1/2 --isa ref "${grid[@]}" || fail "exit code $?: $(tail -n 1 gathered.words)"
    [ -e gathered/.workers ] && [ ! -e gathered/results.csv ] || fail "the first of two shards is not the last"
    cp -R gathered copied
    "$plateau" fit whole copied --bootstrap 0 >fit.txt 2>&1
    [ -e copied/results.csv ] || fail "fit of two folders gathered nothing: $(tail -n 1 fit.txt)"
    "$plateau" fit gathered --bootstrap 0 >fit.txt 2>&1
    [ -e gathered/results.csv ] || fail "fit gathered nothing: $(tail -n 1 fit.txt)"
    [ "$(wc -l <gathered/results.csv)" = $(($(find gathered -maxdepth 2 -name result.json | wc -l) + 1)) ] || fail "not all are in the table"
    worker gathered "${grid[@]}" || fail "exit code $?"
    [ "$(cut -d, -f1-18 gathered/results.csv)" = "$(cut -d, -f1-18 whole/results.csv)" ] || fail "the table's rows are others"
    "$plateau" fit gathered --bootstrap 0 >fit.txt 2>&1
    if [ "$(isas whole)" != ref ]; then
        [ "$(isas gathered | wc -l)" = 2 ] || fail "the table does not say which: $(isas gathered)"
        grep -q 'with 2 instruction sets ([0-9]* with' <(tr -s ' \n' ' ' <fit.txt) || fail "the verdict does not name them: $(cat fit.txt)"
    fi
}

# Clocks of two machines, and files with times of either, may differ by hours.
clocks() {
    local first
    command -v faketime >/dev/null || { skip "no faketime"; return; }
    faketime -f +1h "$plateau" version >/dev/null 2>&1 || { skip "no program of this build runs under faketime"; return; } # sanitizers
    one long "${long[@]}"
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f +1h "$plateau" sweep "$tiny" --out clocks --worker --jobs 1 --patience 2s "${long[@]}" >clocks-ahead.txt 2>&1 &
    first=$!
    patiently eval 'saved clocks || ! kill -0 "$first"' 2>/dev/null
    begin clocks --patience 2s "${long[@]}"
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f -1h "$plateau" sweep "$tiny" --out clocks --worker --jobs 1 --patience 2s "${long[@]}" >clocks-behind.txt 2>&1 ||
        fail "exit code $?: $(tail -n 1 clocks-behind.txt)"
    ends "$first" 0 clocks-ahead.txt
    ends "$pid" 0 "clocks.$n_begun"
    ! grep -l 'taken over\|handed back' clocks-*.txt "clocks.$n_begun" || fail "a worker that lives was taken for dead"
    same clocks long
}

# What is submitted: a scheduler is tried by scripts/test_slurm alone.
submitted() {
    "$root/scripts/slurm" "$tiny" --out "a b" --tasks 3 --plateau "$plateau" --set 'grid.seeds=[1,2]' --write >submit.txt 2>&1 || fail "scripts/slurm: exit code $?: $(cat submit.txt)"
    bash -n "a b/slurm/array.sh" && bash -n "a b/slurm/after.sh" || fail "the scripts are no bash"
    grep -q -- '--worker --jobs 1' "a b/slurm/array.sh" || fail "no worker: $(cat "a b/slurm/array.sh")"
    "$root/scripts/slurm" "$tiny" --out bad --plateau "$plateau" --set model.ctx=31 --write >submit.txt 2>&1
    [ $? = 2 ] || fail "a bad config is submitted"
    "$root/scripts/k8s" "$tiny" --volume shared --tasks 3 --set 'data.files=["it'"'"'s"]' >job.yaml || fail "scripts/k8s: exit code $?"
    grep -q 'backoffLimitPerIndex: 10' job.yaml && grep -q "'data.files=\[\"it''s\"\]'" job.yaml || fail "not what was asked for: $(cat job.yaml)"
    python3 -c 'import yaml' 2>/dev/null || return
    python3 -c 'import json, sys, yaml
config, job = yaml.safe_load_all(open("job.yaml"))
json.loads(config["data"]["config.json"])
rules = job["spec"]["podFailurePolicy"]["rules"]
assert [r["action"] for r in rules] == ["FailIndex", "Ignore", "Ignore", "Count"], rules
assert job["spec"]["completions"] == 3 and job["spec"]["completionMode"] == "Indexed"' || fail "the manifest is not what it should be"
}

for t in submitted alone crowd cores waits killed stopped stopped_late preempted beside after shards gathered clocks; do
    run_test "$t"
done
finish
