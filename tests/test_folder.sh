#!/usr/bin/env bash
# What lies in a sweep's folder: damage is noticed, named and mended by the same command, and nothing is lost in silence.
. "$(dirname "$0")/shell.sh"
tiny=$(tiny_config)
# one warm-up, so that every budget of a size shares its trunk
quick=(--jobs 1 --set fit.bootstrap=0 --set train.warmup_tokens=3072)
one=(--set 'grid.models=[{"d_model":16,"n_layer":1}]')
long=("${one[@]}" --set "grid.tokens=[\"$(fewer 500k 150k)\"]" --set train.checkpoint_s=0.05)

# sweep CODE OUT ARGUMENTS...: the exit code, and what it said in OUT.txt.
sweep() {
    local want=$1 out=$2 got
    shift 2
    # charts take longer than all else here: a file stands where they would go, which is told and has its exit code
    mkdir -p "$(dirname "$out")"
    [ "$want" != 0 ] || { [ -e "$out" ] || mkdir "$out"; [ -e "$out/charts" ] || touch "$out/charts"; want=3; }
    "$plateau" sweep "$tiny" "${quick[@]}" --out "$out" "$@" >"$out.txt" 2>&1 </dev/null
    got=$?
    [ "$got" = "$want" ] || fail "$out: exit code $got, expected $want: $(tail -n 3 "$out.txt")"
}

says() {
    grep -qF -- "$2" "$1.txt" || fail "'$2' is not in what $1 said: $(head -n 5 "$1.txt")"
}

# Results without times.
results() {
    cut -d, -f1-21,24- "$1/results.csv"
}

# A folder of nine finished runs, made once.
finished() {
    [ -d whole ] || sweep 0 whole
    rm -rf "$1"
    cp -r whole "$1"
}

same_results() {
    [ "$(results "$1")" = "$(results "$2")" ] || fail "$1 has other results than $2: $(diff <(results "$1") <(results "$2") | head -n 4)"
}

# A run that was stopped in the middle: $1/RUN.
begin_long() {
    "$plateau" sweep "$tiny" "${quick[@]}" "${long[@]}" --out "$1" >"$1.txt" 2>&1 &
    pid=$!
}
stopped() {
    local pid
    catch midway "$1" begin_long "$1" || return
    kill -INT $pid
    let_go $pid
    wait $pid
    [ $? = 130 ] || fail "$1 was not interrupted: $(tail -n 1 "$1.txt")"
    run=$(basename "$(dirname "$(find "$1" -name checkpoint.bin)")")
}

checkpoints_removed() {
    local before
    finished saved
    rm saved/*/checkpoint.bin
    before=$(cat saved/*/log.jsonl saved/*/result.json | cksum)
    sweep 0 saved --set 'grid.tokens=["40k","60k","80k","160k"]'
    before=$(for f in saved/*/; do case $f in (*t59.4k* | *t60* | *charts*) ;; (*) cat "$f/log.jsonl" ;; esac; done | cksum)
    [ "$before" = "$(cat whole/*/log.jsonl | cksum)" ] || fail "logs of finished runs were changed"
}

result_damaged() {
    local f
    finished r
    f=$(echo r/d??-l2*t160k*/result.json)
    edit 's/"loss":\t1/"loss":\t0/' "$f"
    "$plateau" status r >status.txt 2>&1
    grep -q "$f is damaged: its checksum does not match" status.txt || fail "status does not name it"
    sweep 0 r
    says r "$f is damaged: its checksum does not match"
    same_results r whole
    edit 's/"done"/"dome"/' "$f"
    sweep 0 r
    says r "no status of a run: dome"
    edit 's/"loss":.*/"loss":\t"x",/' "$f"
    sweep 0 r
    says r "no number for loss"
    edit 's/"tokens":.*/"tokens":\ttrue,/' "$f"
    sweep 0 r
    says r "no number for tokens"
    printf '\0junk' >>"$f"
    sweep 0 r
    says r "$f is damaged"
    : >"$f"
    sweep 0 r
    says r "$f is damaged"
    same_results r whole
    # a result that no command of this grid can make again is named, and not taken
    edit 's/"loss":\t1/"loss":\t0/' "$f"
    sweep 0 r --set 'grid.tokens=["40k"]'
    says r "is left out"
    [ "$(wc -l <r/results.csv)" = 9 ] || fail "a damaged row is in the table"
}

log_damaged() {
    local f
    finished l
    f=$(echo l/d8*t160k*/log.jsonl)
    printf '\0' | dd of="$f" bs=1 seek=150 conv=notrunc 2>/dev/null
    sweep 0 l --tensorboard
    says l "$f: line 2 is damaged; the run is trained again"
    [ "$(tr -dc '\0' <"$f" | wc -c)" = 0 ] || fail "the log is still damaged"
    same_results l whole
    edit '3s/"loss":./"loss":7/' "$f"
    sweep 0 l
    says l "$f is damaged: its checksum does not match"
    cut_to $(($(size_of "$f") - 20)) "$f"
    sweep 0 l
    says l "it was cut short"
    rm "$f"
    sweep 0 l
    says l "log.jsonl is missing: the result stands"
    same_results l whole
}

# The same run, trained without a stop; once.
undisturbed() {
    [ -d undisturbed ] || sweep 0 undisturbed "${long[@]}"
    same_results "$1" undisturbed
}

log_hole() {
    local size
    stopped hole
    size=$(size_of "hole/$run/log.jsonl")
    cut_to $((size / 2)) "hole/$run/log.jsonl"
    sweep 0 hole "${long[@]}"
    says hole "it was cut short; the run begins anew"
    [ "$(tr -dc '\0' <"hole/$run/log.jsonl" | wc -c)" = 0 ] || fail "zero bytes in the log"
    undisturbed hole
}

checkpoint_damaged() {
    stopped cut
    damage "cut/$run/checkpoint.bin" 3000
    sweep 0 cut "${long[@]}"
    says cut "checkpoint.bin is damaged: its checksum does not match; the run begins anew"
    undisturbed cut
}

config_damaged() {
    local f
    finished c
    f=$(echo c/d8*t160k*/config.json)
    echo '{' >"$f"
    sweep 0 c
    says c "$f is damaged: it is written again"
    cmp -s "$f" whole/d8*t160k*/config.json || fail "it is not what it was"
    same_results c whole
    # a key that decides no result of the run
    edit 's/"log_every":\t[0-9]*/"log_every":\t77/' "$f"
    "$plateau" eval "$(dirname "$f")" >eval.txt 2>&1
    [ $? = 2 ] || fail "a changed config is taken: $(cat eval.txt)"
    grep -qF "$f: it is damaged: its checksum does not match" eval.txt || fail "eval does not name it: $(cat eval.txt)"
    sweep 0 c
    says c "$f is damaged: it is written again"
    cmp -s "$f" whole/d8*t160k*/config.json || fail "it is not what it was"
}

sweep_json() {
    finished e
    echo '{' >e/sweep.json
    sweep 0 e
    says e "it is written again"
    cmp -s e/sweep.json whole/sweep.json || fail "damaged: not as before: $(diff e/sweep.json whole/sweep.json | head -n 4)"
    rm e/sweep.json
    sweep 0 e
    cmp -s e/sweep.json whole/sweep.json || fail "lost: not as before"
    # a digit that nothing but its checksum tells
    edit 's/"floor":\t0/"floor":\t1/' e/sweep.json
    "$plateau" fit e --bootstrap 0 >fit.txt 2>&1
    [ $? = 2 ] || fail "a fit takes another true floor"
    grep -qF 'e/sweep.json: it is damaged: its checksum does not match' fit.txt || fail "the fit does not name it: $(cat fit.txt)"
    sweep 0 e
    says e "e/sweep.json is damaged: its checksum does not match: it is written again"
    cmp -s e/sweep.json whole/sweep.json || fail "changed: not as before"
    rm e/results.csv
    sweep 0 e
    same_results e whole
    edit '2s/,1\./,0./' e/results.csv
    "$plateau" fit e --bootstrap 0 >fit.txt 2>&1
    [ $? = 2 ] || fail "a fit takes a row that is no run's"
    grep -qF 'e/results.csv:2: it is damaged' fit.txt || fail "the fit does not name it: $(cat fit.txt)"
    sweep 0 e
    says e "e/results.csv:2: it is damaged"
    same_results e whole
    # a row that is gone may be one that was not written yet: it is told, and the others are taken
    edit '2d' e/results.csv
    "$plateau" fit e --bootstrap 0 >fit.txt 2>&1 || fail "exit code $?: $(tail -n 1 fit.txt)"
    grep -q 'finished runs that e/results.csv lacks: 1' fit.txt || fail "a row that is missing is not told: $(tail -n 3 fit.txt)"
    sweep 0 e
    same_results e whole
}

other_grids() {
    finished g
    sweep 0 g --set 'grid.tokens=["40k"]'
    same_rows g
    "$plateau" status g >status.txt
    [ "$(grep -c 'done .*tokens' status.txt)" = 9 ] || fail "status does not show nine runs"
    sweep 0 g --set 'grid.tokens=["320k"]' "${one[@]}"
    same_rows g
    [ "$(wc -l <g/results.csv)" = 11 ] || fail "not ten rows"
}

same_rows() {
    local missing
    missing=$(comm -23 <(sort whole/results.csv) <(sort "$1/results.csv"))
    [ -z "$missing" ] || fail "rows of finished runs were changed or lost: $(head -n 2 <<<"$missing")"
}

fit_while_it_trains() {
    "$plateau" sweep "$tiny" "${quick[@]}" --out busy --set 'grid.tokens=["40k","2G"]' >busy.txt 2>&1 &
    local pid=$!
    patiently [ -s busy/results.csv ]
    [ "$(wc -l <busy/results.csv)" -ge 2 ] || fail "no results while it trains"
    kill -KILL $pid
    wait $pid 2>/dev/null
    "$plateau" fit busy --bootstrap 0 >fit.txt 2>&1
    grep -q '1 finished run' fit.txt || fail "a run that is done cannot be read: $(cat fit.txt)"
}

corpus() {
    local before i
    for i in $(seq 3000); do echo "line $i of the first text"; done >c.txt
    local text=(--set data.source=text --set 'data.files=["c.txt"]' --set data.eval_tokens=2048 "${one[@]}" --set 'grid.tokens=["40k"]')
    sweep 0 x "${text[@]}"
    before=$(find x -type f -exec cksum {} + | sort)
    for i in $(seq 4000); do echo "another text, line $i"; done >c.txt
    sweep 2 x "${text[@]}" --set 'grid.seeds=[1,2]'
    says x "c.txt has changed"
    [ "$before" = "$(find x -type f -exec cksum {} + | sort)" ] || fail "the folder was changed"
    sweep 2 x "${text[@]}" --set 'grid.tokens=["80k"]'
    sweep 0 x "${text[@]}" --fresh
    # another language, another seed of it: not even in other cells of the grid
    finished other
    sweep 2 other --set data.seed=2 --set 'grid.tokens=["320k"]'
    says other "other data"
}

kernels() {
    local isa
    isa=$("$plateau" version | sed -n 's/.*this CPU uses //p')
    [ "$isa" != ref ] || { skip "one level of kernels only"; return; }
    stopped isa
    sweep 0 isa "${long[@]}" --isa ref
    says isa "goes on with the $isa kernels that it was begun with"
    undisturbed isa
    # as from a machine that can do more: the name is at a fixed place in the file
    stopped far
    printf 'avx512\0' | dd of="far/$run/checkpoint.bin" bs=1 seek=112 conv=notrunc 2>/dev/null
    [ "$isa" = avx512 ] || { sweep 2 far "${long[@]}"; says far "begun with avx512 kernels, which this machine cannot run"; }
}

too_large() {
    sweep 1 large --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16384,"n_layer":40,"n_head":16}]'
    says large "d16384-l40"
    says large "is left out, with the other 2 runs of its size: training takes 2.0"
    [ "$(find large -name result.json | wc -l)" = 3 ] || fail "the others were not trained"
    sweep 1 alone --set 'grid.models=[{"d_model":16384,"n_layer":40,"n_head":16}]'
    [ ! -e alone/results.csv ] || fail "an empty table was written"
}

diverged() {
    sweep 1 wild --set train.lr=10 --set train.clip=0
    says wild "every run diverged"
}

fifos() {
    local f
    for f in .lock sweep.json results.csv result.json log.jsonl config.json checkpoint.bin; do
        finished p
        case $f in .lock | sweep.json | results.csv) f=p/$f ;; *) f=$(echo p/d8*t160k*/$f) ;; esac
        rm -f "$f"
        mkfifo "$f"
        timeout 200 "$plateau" sweep "$tiny" "${quick[@]}" --out p >p.txt 2>&1 </dev/null
        [ $? != 124 ] || fail "a sweep hangs on $f"
        timeout 100 "$plateau" status p >status.txt 2>&1 </dev/null
        [ $? != 124 ] || fail "status hangs on $f"
    done
}

# What a sweep would write over in a folder that is of no sweep stays as it is.
strangers() {
    local name at
    for name in results.csv fit.json report.html charts/excess.png; do
        at=strange/$name
        rm -rf strange
        mkdir -p "$(dirname "$at")"
        echo mine >"$at"
        for how in --fresh --worker ""; do
            sweep 2 strange ${how:+"$how"}
            says strange "strange/${name%%/*}: of no sweep"
            [ "$(cat "$at")" = mine ] || fail "$at was written over"
            [ ! -e strange/sweep.json ] || fail "sweep.json was written beside $at"
        done
    done
    # without sweep.json its runs show whose it is
    finished without
    rm without/sweep.json
    sweep 0 without
    same_results without whole
}

links() {
    local f before
    echo precious >precious
    mkdir -p elsewhere
    for f in log.jsonl result.json checkpoint.bin config.json; do
        stopped ln
        rm -f "ln/$run/$f"
        ln -s "$PWD/precious" "ln/$run/$f"
        sweep 2 ln "${long[@]}"
        says ln "$run/$f is a link"
        [ "$(cat precious)" = precious ] || fail "$f: written through a link"
        rm -rf ln
    done
    finished ln
    before=$(echo ln/d8*t160k*)
    mv "$before" elsewhere/run
    ln -s "$PWD/elsewhere/run" "$before"
    sweep 2 ln --fresh
    [ -e elsewhere/run/result.json ] || fail "files behind a link were removed"
    # another name of the same file, as backups make them, keeps what it has
    stopped hard
    cp -al hard backup
    before=$(cksum <"backup/$run/log.jsonl")
    sweep 0 hard "${long[@]}"
    [ "$before" = "$(cksum <"backup/$run/log.jsonl")" ] || fail "a hard link was written to"
    # the sweep's own folder may be one
    mkdir real && ln -s real linked
    sweep 0 linked "${one[@]}" --set 'grid.tokens=["40k"]'
}

limits() {
    local code
    (ulimit -f 20; "$plateau" sweep "$tiny" "${quick[@]}" --out small >small.txt 2>&1)
    code=$?
    [ "$code" = 3 ] || fail "exit code $code under a limit on file size: $(tail -n 1 small.txt)"
    grep -q 'File too large' small.txt || fail "no reason: $(tail -n 1 small.txt)"
    [ -z "$(find small -name '*.tmp*')" ] || fail "temporary files stayed: $(find small -name '*.tmp*')"
    sweep 0 small
    [ -d whole ] || sweep 0 whole
    same_results small whole
    (ulimit -n 9; "$plateau" sweep "$tiny" "${quick[@]}" --out few --jobs 8 >few.txt 2>&1)
    code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || fail "exit code $code with few descriptors: $(tail -n 1 few.txt)"
}

temporaries() {
    local i
    finished t
    touch "t/results.csv.tmp-999999-0" "t/$(basename t/d8*t160k*)/result.json.tmp-999998-3" t/mine.tmp-x
    sweep 0 t
    [ -z "$(find t -name '*.tmp-99999*')" ] || fail "temporary files of processes that are gone stay"
    [ -e t/mine.tmp-x ] || fail "a file that is none of ours was removed"
    for i in 1 2 3 4 5 6 7 8 9; do "$plateau" fit t --bootstrap 20 >"fit$i.txt" 2>&1 & done
    for i in $(jobs -p); do wait "$i" || fail "one of nine fits at a time failed: $(grep -h plateau: fit?.txt | head -n 1)"; done
}

the_loss_is_shown() {
    "$plateau" train "$tiny" --set model.d_model=8 --set model.n_layer=1 --set train.tokens=40k --out single >train.txt 2>&1 || fail "exit code $?"
    grep -qE '^loss [0-9.]+ nats per token \(standard error' train.txt || fail "train prints no loss: $(cat train.txt)"
    sweep 0 solo "${one[@]}" --set 'grid.tokens=["40k"]'
    grep -qE '^loss [0-9.]+ nats per token' solo.txt || fail "a sweep of one run prints no loss"
}

held_out_part() {
    finished h
    grep -h '"type":"eval"' h/d8*t160k*/log.jsonl | tail -n 1 | grep -q '"eval_tokens":8192}' || fail "the last evaluation does not say over how much"
    grep -h '"type":"eval"' h/d8*t160k*/log.jsonl | head -n 1 | grep -q '"eval_tokens":512}' || fail "one along the way does not say that it is over a part"
}

for t in ${FOLDER_TESTS:-checkpoints_removed result_damaged log_damaged log_hole checkpoint_damaged config_damaged sweep_json other_grids \
    fit_while_it_trains corpus kernels too_large diverged fifos links strangers limits temporaries the_loss_is_shown held_out_part}; do
    run_test "$t"
done
finish
