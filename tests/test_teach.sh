#!/usr/bin/env bash
# Ways of learning: soft targets from a finished run (train.teacher), and ensembles (model.ensemble). Runs with them are like
# any other: shared trunks, any number of jobs, killed and gone on with, the same bytes; what they cost is told.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json

train() {
    "$plateau" train "$tiny" --set model.d_model=16 --set model.n_layer=1 --set train.tokens=20k "$@" >train.txt 2>&1
}

# The teacher of all tests, an ensemble of two, and the names of their folders.
make_teachers() {
    train --set model.d_model=24 --set train.tokens=60k --out school && train --set model.ensemble=2 --set train.seed=5 --out pair || exit 99
    teacher=$(echo school/d24-*) pair=$(echo pair/d16-*)
}

# cell DIR COLUMN [RUN]: of results.csv, in the rows whose run begins so.
cell() {
    awk -F, -v name="$2" -v run="${3:-d}" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR > 1 && index($1, run) == 1 { print c ? $c : "no column" }' "$1/results.csv"
}

# Checkpoints, logs and results without times.
digest() {
    (cd "$1" && for f in */checkpoint.bin; do echo "$f" && cksum <"$f"; done
        sed 's/"tokens_per_s":[^,}]*//; s/"version".*//' */log.jsonl | cksum
        cut -d, -f1-21,24- results.csv)
}

# same_bytes SETTING...: one job at once, and two that are killed twice on the way.
same_bytes() {
    local all=(--set 'grid.tokens=["20k","80k"]' --set train.warmup_tokens=4k --set train.checkpoint_s=0.01 --set train.ema=0.9
        --set 'grid.models=[{"d_model":24,"n_layer":2}]' --set train.optimizer=muon) s
    for s in "$@"; do all+=(--set "$s"); done
    rm -rf one two
    "$plateau" sweep "$tiny" "${all[@]}" --out one --jobs 1 >one.txt 2>&1 || { fail "$(tail -n 2 one.txt)"; return; }
    { timeout -s KILL 0.6 "$plateau" sweep "$tiny" "${all[@]}" --out two --jobs 2 >two.txt 2>&1; } 2>killed.txt
    sleep 0.3 # its children end by themselves
    timeout -s INT 0.6 "$plateau" sweep "$tiny" "${all[@]}" --out two --jobs 2 >two.txt 2>&1
    "$plateau" sweep "$tiny" "${all[@]}" --out two --jobs 2 >two.txt 2>&1 || fail "$(tail -n 2 two.txt)"
    [ "$(digest one)" = "$(digest two)" ] || fail "other bytes with two jobs and two stops: $*"
    grep -q diverged one/results.csv && fail "a run diverged"
    # the small budget shares the trunk of the large one, and is the run that is trained alone
    [ "$(cell one trunk | sort -u | wc -l)" = 1 ] || fail "no shared trunk"
    rm -rf alone
    "$plateau" sweep "$tiny" "${all[@]}" --set 'grid.tokens=["20k"]' --out alone --jobs 1 >alone.txt 2>&1
    local run
    run=$(cd alone && echo d24-*)
    cmp -s "one/$run/checkpoint.bin" "alone/$run/checkpoint.bin" || fail "$run is another run beside a longer one: $*"
}

teacher_like_any_other() {
    same_bytes "train.teacher=$teacher" train.z_loss=1e-4 model.softcap=9
}

ensemble_like_any_other() {
    same_bytes model.ensemble=3
}

# Several at once: an ensemble that learns from an ensemble.
both_like_any_other() {
    same_bytes model.ensemble=2 "train.teacher=$pair" train.distill_weight=0.75
}

# By what it computes, wherever it lies.
teacher_by_content() {
    train --set "train.teacher=$teacher" --out here || fail "$(tail -n 1 train.txt)"
    cp -r "$teacher" elsewhere
    train --set "train.teacher=$PWD/elsewhere/" --out there || fail "$(tail -n 1 train.txt)"
    [ "$(cd here && echo d16*)" = "$(cd there && echo d16*)" ] || fail "another name for the same teacher"
    cmp -s here/d16*/checkpoint.bin there/d16*/checkpoint.bin || fail "another run of the same teacher"
    train --set model.d_model=24 --set train.tokens=60k --set train.seed=2 --out school2 || fail "$(tail -n 1 train.txt)"
    train --set "train.teacher=$(echo school2/d24*)" --out there2 || fail "$(tail -n 1 train.txt)"
    [ "$(cd here && echo d16*)" != "$(cd there2 && echo d16*)" ] || fail "the same name for another teacher"
    # the run's own config leads to it again
    train --set "train.teacher=$teacher" --out here && [ "$(wc -l <here/results.csv)" = 2 ] || fail "$(tail -n 1 train.txt)"
    local weights
    weights=$(sed -n 's/.*"teacher_weights":[[:space:]]*\([0-9]*\),.*/\1/p' here/d16*/config.json)
    [ "${weights:-0}" -gt 0 ] || fail "no fingerprint in config.json"
    train --set "train.teacher=$teacher" --set "train.teacher_weights=$weights" --out here || fail "its own fingerprint: $(tail -n 1 train.txt)"
    # a folder whose teacher is gone is still read
    rm -rf elsewhere
    "$plateau" status there >status.txt 2>&1 || fail "$(cat status.txt)"
    grep -q '^d16-.* done .* loss ' status.txt || fail "$(cat status.txt)"
}

costs_are_told() {
    "$plateau" sweep "$tiny" --set 'grid.models=[{"d_model":16,"n_layer":1}]' --set 'grid.tokens=["20k"]' --set "train.teacher=$teacher" \
        --set 'grid.vary={"train.distill_weight":[0,0.5,1]}' --out varied >varied.txt 2>&1 || { fail "$(tail -n 1 varied.txt)"; return; }
    [ "$(head -n 1 varied/results.csv | grep -o 'distill_weight,teacher_flops,teacher_train_flops$')" ] || fail "$(head -n 1 varied/results.csv)"
    # a third of its training's, a token: the forward passes
    awk -F, -v t="$(cell school flops)" -v n="$(cell school tokens)" 'NR > 1 { w = $(NF - 2)
        if (w == 0 ? $(NF - 1) != "" || $NF != "" : !($NF == t && $(NF - 1) > .999999 * t / n / 3 * $12 && $(NF - 1) < 1.000001 * t / n / 3 * $12)) exit 1 }' \
        varied/results.csv || fail "$(cat varied/results.csv)"
    train --out plain || fail "$(tail -n 1 train.txt)"
    [ "$(cell varied loss | head -n 1)" = "$(cell plain loss)" ] || fail "weight 0 is not the run without a teacher"
    [ "$(cell varied loss | sort -u | wc -l)" = 3 ] || fail "the weight changes nothing: $(cell varied loss)"
    [ "$(cell varied flops | sort -u)" = "$(cell plain flops)" ] || fail "a teacher's flops are in flops"
    head -n 1 plain/results.csv | grep -q teacher && fail "a column of teachers where there is none"
    grep -q '"teacher_flops"' plain/d16*/result.json && fail "a teacher's flops where there is none"
    for words in "sweep $tiny --set train.teacher=$teacher --dry-run --out dry" 'status varied'; do
        # shellcheck disable=SC2086
        "$plateau" $words >told.txt 2>&1 || fail "$words: $(cat told.txt)"
        grep -q '^teacher: its forward passes take up to .* flops a run, its own training took ' told.txt || fail "$words: $(cat told.txt)"
    done
    # a teacher that had one: what both took
    local first
    first=$(cell varied run | while read -r r; do [ "$(cell varied teacher_flops "$r")" ] && echo "$r" && break; done)
    train --set "train.teacher=varied/$first" --out chain || fail "$(tail -n 1 train.txt)"
    awk -v got="$(cell chain teacher_train_flops)" -v a="$(cell varied flops "$first")" -v b="$(cell varied teacher_flops "$first")" \
        -v c="$(cell varied teacher_train_flops "$first")" 'BEGIN { exit !(got == a + b + c) }' || fail "a chain's cost: $(cell chain teacher_train_flops)"
}

# No hard target is seen: what is known of the language comes from the teacher alone (a uniform guess has 2.83).
soft_targets_teach() {
    train --set "train.teacher=$teacher" --set train.distill_weight=1 --set train.tokens=60k --out soft || fail "$(tail -n 1 train.txt)"
    awk -v soft="$(cell soft loss)" 'BEGIN { exit !(soft < 2.2) }' || fail "nothing is learnt from soft targets alone: $(cell soft loss)"
}

# refused TEXT SETTING...
refused() {
    local text=$1 got s sets=()
    shift
    for s in "$@"; do sets+=(--set "$s"); done
    "$plateau" sweep "$tiny" --out no "${sets[@]}" >refused.txt 2>&1
    got=$?
    [ "$got" = 2 ] || fail "exit code $got for $*"
    grep -qF -- "$text" refused.txt || fail "'$text' is not in: $(cat refused.txt)"
    [ "$(wc -l <refused.txt)" = 1 ] || fail "more than a line: $(cat refused.txt)"
    [ ! -e no ] || fail "something was written for $*"
}

refusals() {
    refused 'train.teacher=nowhere does not exist' train.teacher=nowhere
    refused "train.teacher=school is a sweep's folder: name one of the runs in it" train.teacher=school
    mkdir -p empty
    refused "train.teacher=empty is no run's folder: it has no config.json" train.teacher=empty
    refused 'has a context of 32 tokens, model.ctx is 64' "train.teacher=$teacher" model.ctx=64
    refused 'has a vocabulary of 17, this data has one of 33' "train.teacher=$teacher" data.base=32
    refused 'learnt from other data' "train.teacher=$teacher" data.seed=9
    refused 'train.teacher_weights asks for 3' "train.teacher=$teacher" train.teacher_weights=3
    refused 'train.teacher_weights=3 names a teacher' train.teacher_weights=3
    refused 'train.distill_weight=0.25 says how to learn from train.teacher, which is empty' train.distill_weight=0.25
    refused 'train.distill_temperature=4 says how' train.distill_temperature=4
    refused 'train.distill_weight=2 is out of range' "train.teacher=$teacher" train.distill_weight=2
    refused 'train.distill_temperature=0 is out of range' "train.teacher=$teacher" train.distill_temperature=0
    refused 'train.teacher: expected a string' 'train.teacher=["a"]'
    refused 'train.teacher cannot vary: all runs of a sweep have one' 'grid.vary={"train.teacher":["a"]}'
    refused 'train.teacher_weights cannot vary: train.teacher sets it' 'grid.vary={"train.teacher_weights":[1,2]}'
    refused 'model.ensemble=0 is out of range' model.ensemble=0
    refused 'model.ensemble=33 is out of range' model.ensemble=33
    local bad=bad
    rm -rf $bad && cp -r "$teacher" $bad
    damage $bad/checkpoint.bin 5000
    refused 'bad/checkpoint.bin is damaged' train.teacher=$bad
    rm $bad/checkpoint.bin
    refused 'train.teacher=bad cannot teach: its checkpoint.bin is missing' train.teacher=$bad
    cp pair/d16*/checkpoint.bin $bad
    refused 'bad/checkpoint.bin' train.teacher=$bad
    cp "$teacher/checkpoint.bin" $bad
    sed 's/"n_layer":[[:space:]]*1,/"n_layer": 2,/' "$teacher/config.json" >$bad/config.json
    refused 'bad/config.json: it is damaged' train.teacher=$bad
    cp "$teacher/config.json" $bad
    sed 's/"loss":[[:space:]]*[0-9]/"loss": 9/' "$teacher/result.json" >$bad/result.json
    refused 'bad/result.json is damaged' train.teacher=$bad
    rm $bad/result.json
    refused 'train.teacher=bad is not finished: it has no result.json' train.teacher=$bad
    train --set train.lr=10 --set train.clip=0 --out broken
    grep -q diverged broken/results.csv && refused 'cannot teach: it diverged' "train.teacher=$(echo broken/d16*)"
}

# The first member is the run alone; the loss of the mean is below the mean of the losses; all members are counted.
ensemble_of_runs() {
    train --out plain || fail "$(tail -n 1 train.txt)"
    train --set model.ensemble=3 --out three || fail "$(tail -n 1 train.txt)"
    local c first
    for c in params params_nonembd params_matmul flops flops_6nd; do
        awk -v one="$(cell plain $c)" -v all="$(cell three $c)" 'BEGIN { exit !(all == 3 * one) }' || fail "$c: $(cell plain $c), $(cell three $c)"
    done
    for c in tokens warmup_tokens; do
        [ "$(cell plain $c)" = "$(cell three $c)" ] || fail "$c is another"
    done
    first=$(tail -n 1 three/d16*/log.jsonl | sed 's/.*"member_losses":\[\([^,]*\),.*/\1/')
    awk -v a="$first" -v b="$(cell plain loss)" 'BEGIN { exit !(a - b < 1e-8 && b - a < 1e-8) }' || fail "the first member has $first, the run $(cell plain loss)"
    [ "$(tail -n 1 three/d16*/log.jsonl | grep -o '"member_losses":\[[0-9.,]*\]' | tr , '\n' | sort -u | wc -l)" = 3 ] || fail "$(tail -n 1 three/d16*/log.jsonl)"
    awk -v all="$(cell three loss)" -v mean="$(cell three loss_member)" -v one="$(cell plain loss)" \
        'BEGIN { exit !(all > 0 && all < mean && mean < 1.2 * one) }' || fail "loss $(cell three loss), members $(cell three loss_member)"
    head -n 1 plain/results.csv | grep -q loss_member && fail "members of one model"
    "$plateau" sweep "$tiny" --set 'grid.models=[{"d_model":16,"n_layer":1}]' --set 'grid.tokens=["20k"]' \
        --set 'grid.vary={"model.ensemble":[1,3]}' --out vary >vary.txt 2>&1 || fail "$(tail -n 1 vary.txt)"
    [ "$(cell vary loss | paste -sd' ')" = "$(cell plain loss) $(cell three loss)" ] || fail "varied: $(cell vary loss)"
    [ "$(cell vary ensemble | paste -sd' ')" = '1 3' ] || fail "no column of ensemble"
    # it is none of a preset's switches
    train --set model.ensemble=2 --set model.preset=llama --out llama || fail "$(tail -n 1 train.txt)"
    grep -q '"ensemble":[[:space:]]*2' llama/d16*/config.json && grep -q '"norm":[[:space:]]*"rmsnorm"' llama/d16*/config.json || fail "a preset undoes an ensemble"
    "$plateau" sweep "$tiny" --set model.ensemble=3 --dry-run --out dry >dry.txt 2>&1 || fail "$(cat dry.txt)"
}

make_teachers
run_test teacher_like_any_other
run_test ensemble_like_any_other
run_test both_like_any_other
run_test teacher_by_content
run_test costs_are_told
run_test soft_targets_teach
run_test refusals
run_test ensemble_of_runs
finish
