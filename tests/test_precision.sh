#!/usr/bin/env bash
# train.precision and train.muon_precision: runs with products of bfloat16 are runs like any other: trunks, jobs, a stop on the way
# and the same bytes, on every instruction set, with other switches, a teacher and an ensemble; and the default is what it always was.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json

train() {
    "$plateau" train "$tiny" --set model.d_model=16 --set model.n_layer=1 --set train.tokens=10k "$@" >train.txt 2>&1
}

digest() {
    (cd "$1" && for f in */checkpoint.bin; do echo "$f" && cksum <"$f"; done; cut -d, -f1-21,24- results.csv)
}

# column DIR NAME: of results.csv, all rows.
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR > 1 { print c ? $c : "no column" }' "$1/results.csv"
}

# The key changes a run's name, its bytes and its loss, and neither its counts nor what a run without it is.
the_key() {
    train --out plain && train --set train.precision=fp32 --out fp32 && train --set train.precision=bf16 --out bf16 ||
        { fail "$(tail -n 1 train.txt)"; return; }
    [ "$(digest plain)" = "$(digest fp32)" ] || fail "fp32 is not the default"
    [ "$(cd plain && echo d16-*)" != "$(cd bf16 && echo d16-*)" ] || fail "bf16 has the name of a run without it"
    [ "$(column plain loss)" != "$(column bf16 loss)" ] || fail "bf16 has the loss of fp32"
    awk -v a="$(column plain loss)" -v b="$(column bf16 loss)" 'BEGIN { exit !(a > 0 && b > 0 && (a - b) / a < 0.02 && (b - a) / a < 0.02) }' ||
        fail "losses $(column plain loss) and $(column bf16 loss)"
    local count
    for count in params flops; do
        [ "$(column plain $count)" = "$(column bf16 $count)" ] || fail "$count: $(column plain $count), $(column bf16 $count)"
    done
    grep -q '"precision":[[:space:]]*"bf16"' bf16/*/config.json || fail "config.json does not say so"
    "$plateau" eval bf16/d16-* >eval.txt 2>&1 || fail "$(cat eval.txt)"
    awk -v a="$(column bf16 loss)" '/^loss/ { found = 1; exit !(a - $2 < 1e-6 && $2 - a < 1e-6) } END { exit !found }' eval.txt ||
        fail "eval says $(head -n 1 eval.txt) of $(column bf16 loss)"
    "$plateau" sample bf16/d16-* --tokens 9 >sample.txt 2>&1 || fail "$(cat sample.txt)"
}

# The optimiser's products alone: a run of another name, near the one of fp32, whose weights are read as they were trained.
optimiser() {
    local all=(--set train.optimizer=muon)
    train "${all[@]}" --out muon && train "${all[@]}" --set train.muon_precision=fp32 --out muon-fp32 &&
        train "${all[@]}" --set train.muon_precision=bf16 --out muon-bf16 || { fail "$(tail -n 1 train.txt)"; return; }
    [ "$(digest muon)" = "$(digest muon-fp32)" ] || fail "fp32 is not the default of muon_precision"
    [ "$(cd muon && echo d16-*)" != "$(cd muon-bf16 && echo d16-*)" ] || fail "muon of bf16 has the name of a run without it"
    awk -v a="$(column muon loss)" -v b="$(column muon-bf16 loss)" \
        'BEGIN { exit !(a > 0 && b > 0 && a != b && (a - b) / a < 0.02 && (b - a) / a < 0.02) }' ||
        fail "losses of muon $(column muon loss) and $(column muon-bf16 loss)"
    [ "$(column muon flops)" = "$(column muon-bf16 flops)" ] || fail "flops: $(column muon flops), $(column muon-bf16 flops)"
    grep -q '"muon_precision":[[:space:]]*"bf16"' muon-bf16/*/config.json || fail "config.json does not say so"
    "$plateau" eval muon-bf16/d16-* >eval.txt 2>&1 || fail "$(cat eval.txt)"
    grep -q 'may differ' eval.txt && fail "eval took other kernels: $(cat eval.txt)"
    awk -v a="$(column muon-bf16 loss)" '/^loss/ { found = 1; exit !(a - $2 < 1e-6 && $2 - a < 1e-6) } END { exit !found }' eval.txt ||
        fail "eval says $(head -n 1 eval.txt) of $(column muon-bf16 loss)"
}

refused() {
    local code=0
    train --set train.precision=bf16 --out plain || code=$?
    [ "$code" = 2 ] && grep -qF 'train.precision "fp32" -> "bf16"' train.txt || fail "a folder of another precision: code $code, $(cat train.txt)"
    code=0
    train --set train.precision=fp16 --out no || code=$?
    [ "$code" = 2 ] && grep -qF "'fp16' is none of fp32|bf16" train.txt || fail "fp16: code $code, $(cat train.txt)"
    code=0
    train --set train.dtype=bf16 --out no || code=$?
    [ "$code" = 2 ] && grep -qF 'train.precision' train.txt || fail "dtype: code $code, $(cat train.txt)"
    cp -R bf16 other && cp plain/d16-*/checkpoint.bin other/d16-*/
    code=0
    "$plateau" eval other/d16-* >eval.txt 2>&1 || code=$?
    [ "$code" = 2 ] && grep -q 'checkpoint.bin belongs to another run' eval.txt || fail "checkpoint of fp32: code $code, $(cat eval.txt)"
}

# like_any_other ISA SETTING...
like_any_other() {
    local isa=$1 s all
    shift
    all=(--isa "$isa" --set 'grid.tokens=["5k","15k"]' --set train.warmup_tokens=1k
        --set 'grid.models=[{"d_model":24,"n_layer":1}]' --set train.checkpoint_s=0.01 --set fit.bootstrap=0)
    for s in "$@"; do all+=(--set "$s"); done
    rm -rf one two
    "$plateau" sweep "$tiny" "${all[@]}" --out one --jobs 1 >one.txt 2>&1 || { fail "$(tail -n 2 one.txt)"; return; }
    timeout -s INT 0.5 "$plateau" sweep "$tiny" "${all[@]}" --out two --jobs 2 >two.txt 2>&1
    "$plateau" sweep "$tiny" "${all[@]}" --out two --jobs 2 >two.txt 2>&1 || fail "$(tail -n 2 two.txt)"
    [ "$(digest one)" = "$(digest two)" ] || fail "$isa: other bytes with two jobs and a stop: $*"
    grep -q diverged one/results.csv && fail "a run diverged"
    [ "$(column one trunk | sort -u | wc -l)" -eq 1 ] || fail "no shared trunk"
}

every_set() {
    local isa
    like_any_other "$best" train.precision=bf16 train.optimizer=muon train.ema=0.9 train.z_loss=1e-4 model.preset=olmo3 \
        model.n_expert=3 model.mtp=1
    like_any_other "$best" train.muon_precision=bf16 train.optimizer=normuon model.n_expert=3
    for isa in ref $sets; do
        like_any_other "$isa" train.precision=bf16 'grid.tokens=["2k","4k"]' train.warmup_tokens=500
    done
}

taught() {
    train --set model.d_model=24 --out school || { fail "$(tail -n 1 train.txt)"; return; }
    like_any_other "$best" train.precision=bf16 "train.teacher=$(echo school/d24-*)" model.ensemble=2
}

there_is() {
    compgen -G 'part/d24-*/checkpoint.bin' >/dev/null
}

# A run goes on with what multiplied it, though the machine would begin it with another instruction.
begun_elsewhere() {
    [ "$best" = amx ] || { skip "no AMX here: only one kind of sums for bf16"; return; }
    begun_and_ended --set train.precision=bf16
    begun_and_ended --set train.optimizer=muon --set train.muon_precision=bf16
}

begun_and_ended() {
    local isa
    for isa in avx512 amx; do
        local all=("$@" --set 'grid.models=[{"d_model":24,"n_layer":2}]' --set 'grid.tokens=["60k"]'
            --set train.checkpoint_s=0.01 --set fit.bootstrap=0)
        rm -rf whole part
        "$plateau" sweep "$tiny" "${all[@]}" --isa $isa --out whole >whole.txt 2>&1 || { fail "$(tail -n 2 whole.txt)"; return; }
        "$plateau" sweep "$tiny" "${all[@]}" --isa $isa --out part >part.txt 2>&1 &
        patiently there_is
        kill -INT $!
        wait $!
        "$plateau" sweep "$tiny" "${all[@]}" --out part >part.txt 2>&1 || fail "$(tail -n 2 part.txt)"
        [ "$(digest whole)" = "$(digest part)" ] || fail "begun by $isa it went on with other sums"
        [ "$(column part isa)" = $isa ] || fail "isa is $(column part isa), not $isa"
    done
}

measured() {
    "$plateau" bench train --threads 1 --repeat 1 --d-model 16 --n-layer 1 --n-head 2 --ctx 16 --batch 2 --set train.precision=bf16 >bench.txt 2>&1 ||
        fail "$(cat bench.txt)"
    grep -qE 'bfloat16.*(instruction|emulated)' bench.txt || fail "nothing is said of bfloat16: $(cat bench.txt)"
    "$plateau" bench train --threads 1 --repeat 1 --d-model 16 --n-layer 1 --n-head 2 --ctx 16 --batch 2 --optimizer muon \
        --set train.muon_precision=bf16 >bench.txt 2>&1 || fail "$(cat bench.txt)"
}

# The sets above the reference that run here.
sets=
for isa in neon avx2 avx512; do
    "$plateau" bench peak --threads 1 --isa $isa 2>/dev/null | grep -q "($isa)" && sets="$sets $isa"
done
multiplies=$("$plateau" version | sed -n 's/^bf16: //p')
[ "$multiplies" != "amx, by TDPBF16PS" ] || sets="$sets amx"
best=${sets##* }
best=${best:-ref}

run_test the_key
run_test optimiser
run_test refused
run_test every_set
run_test taught
run_test begun_elsewhere
run_test measured
finish
