#!/usr/bin/env bash
# What is printed, drawn and stored comes from one fit: a folder's own, which no what-if replaces.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json
table=$root/docs/example-runs.csv

# sweep OUT WORDS...: its output is in OUT.txt. Few resamples, for speed.
sweep() {
    local out=$1
    shift
    "$plateau" sweep "$tiny" --out "$out" --set fit.bootstrap=20 "$@" >"$out.txt" 2>&1 || fail "sweep $out $*: exit code $?: $(tail -n 3 "$out.txt")"
}

# The same without charts, which take longer than all else: a file stands where they would go.
bare_sweep() {
    local out=$1
    shift
    mkdir -p "$out"
    touch "$out/charts"
    "$plateau" sweep "$tiny" --out "$out" --set fit.bootstrap=20 "$@" >"$out.txt" 2>&1
    [ -s "$out/fit.json" ] || fail "sweep $out $*: $(tail -n 3 "$out.txt")"
}

# has FILE TEXT: lines are joined, as words are wrapped.
has() {
    tr -s ' \n' '  ' <"$1" | grep -qF -- "$2" || fail "'$2' is not in $1: $(head -c 600 "$1")"
}

lacks() {
    ! grep -qF -- "$2" "$1" || fail "'$2' is in $1"
}

# All that a folder keeps of its fit.
kept() {
    cksum "$1/fit.json" "$1/charts.txt" "$1"/charts/* | sort
}

law_of() {
    sed -nE 's/^\t"selected":\t"?([a-z]*)"?.*/\1/p' "$1"
}

# Options that make another fit leave the folder as it is, and say so.
what_if() {
    sweep whole
    local before option
    before=$(kept whole)
    cp whole/fit.json own.json
    for option in '--law power' '--fix E=0' '--tie alpha=beta' '--where seed=1' '--where d_model=8 --law power' '--objective lad' '--raw' \
        '--count nonembd' '--holdout 0.3' '--bootstrap 50' '--seed 2' '--stratify' '--window 2' '--profile' '--x tokens' \
        '--best' '--column loss=bpb' '--column loss=loss' '--scale tokens=2' '--where lr<1'; do
        # shellcheck disable=SC2086
        "$plateau" fit whole $option >stdout 2>stderr
        [ "$before" = "$(kept whole)" ] || { fail "fit $option replaced what the sweep keeps"; cp own.json whole/fit.json; }
        [ ! -s stdout ] || has stdout 'whole/fit.json, the sweep'"'"'s own fit, is left alone'
    done
    # the options of its own fit, said again, make no other one
    exits 0 "$plateau" fit whole --bootstrap 20 --objective huber:0.001 --seed 1 --count total
    has stdout "this is the sweep's own fit, in whole/fit.json"
    has stdout 'Theory: excess ~ tokens^-0.3333'
    # of an exponent that has no interval above, none here
    tr -s ' \n' ' ' <stdout >words
    for e in alpha beta; do
        why=$(sed -nE "s/^  $e .* (not identified|at its bound)$/\1/p" stdout)
        grep -qE "[.,:] $e [0-9.]+ \(${why:-95 %: }" words || fail "$e, ${why:-settled}: $(grep -o 'Theory:.*' words)"
    done
    has whole/charts/excess.svg 'Theory, for learners of the most frequent facts'
    has whole/charts/excess.svg 'theory (Hutter 2021)'
    [ "$before" = "$(kept whole)" ] || fail "its own options replaced the fit"
}

what_if_goes_elsewhere() {
    exits 0 "$plateau" fit whole --law power --json other.json --draws other.csv
    has stdout 'as JSON in other.json'
    has stdout 'the resampled parameters are in other.csv'
    [ "$(law_of other.json)" = power ] || fail "other.json is no fit of law power"
    cmp -s own.json whole/fit.json || fail "the sweep's fit was replaced"
    local path
    for path in whole/fit.json whole/results.csv whole/../whole/sweep.json; do
        exits 2 "$plateau" fit whole --law power --json "$path"
        exits 2 "$plateau" fit whole --law power --draws "$path"
        exits 2 "$plateau" plan whole --flops 1e11 --json "$path"
    done
    cmp -s own.json whole/fit.json || fail "the sweep's fit was replaced by --json"
    cp "$table" t.csv
    exits 2 "$plateau" fit t.csv --json t.csv
    cmp -s t.csv "$table" || fail "the table was replaced by its fit"
}

# Without options, or where it is lost, the folder's own fit is made again: the same bytes as the sweep's.
own_fit_again() {
    local charts
    cp -r whole again
    exits 0 "$plateau" fit again
    cmp -s own.json again/fit.json || fail "fit DIR writes other bytes than the sweep"
    rm again/fit.json
    exits 0 "$plateau" fit again --json copy.json
    has stdout "written to again/fit.json"
    cmp -s own.json again/fit.json && cmp -s own.json copy.json || fail "fit DIR writes other bytes than the sweep"
    charts=$(cksum again/charts/*)
    edit 's/"bootstrap":\t20,/"bootstrap":\t21,/' again/fit.json
    sweep again
    has again.txt 'made anew'
    cmp -s own.json again/fit.json || fail "a changed fit.json is not made anew"
    [ "$charts" = "$(cksum again/charts/*)" ] || fail "other charts of the same fit"
    # one digit of a number, not of the input
    edit '1,/"objective":\t[0-9]/s/"objective":\t[0-9]/"objective":\t7/' again/fit.json
    cmp -s own.json again/fit.json && fail "the test changed nothing"
    sweep again
    cmp -s own.json again/fit.json || fail "a changed number is not put right"
    sweep again
    has again.txt 'the fit is in again/fit.json, the charts are in again/charts'
}

# Other fit keys, or other rows, make another fit, and the charts with it.
stale() {
    local before
    cp -r whole stale
    before=$(kept stale)
    sweep stale --set fit.law=joint
    has stale.txt 'it was made with law null, not "joint"'
    [ "$(law_of stale/fit.json)" = joint ] || fail "the fit is not of the law that was asked for"
    cmp -s whole/charts/excess.svg stale/charts/excess.svg && fail "the charts are those of the first fit"
    # fit, chart and plan go on with it
    cp stale/fit.json joint.json
    exits 0 "$plateau" fit stale
    cmp -s joint.json stale/fit.json || fail "fit DIR goes on with another law"
    exits 0 "$plateau" plan stale --flops 1e11
    has stdout 'by law joint'
    exits 0 "$plateau" chart stale
    has stdout 'law joint'
    cmp -s joint.json stale/fit.json || fail "chart replaced the fit"
    sweep stale --set fit.law=joint
    has stale.txt 'the fit is in stale/fit.json'
    # a chart that the new law cannot draw does not stay behind
    sweep stale --set fit.law=bnsl
    [ ! -e stale/charts/excess.svg ] && [ ! -e stale/charts/excess.png ] || fail "charts of an earlier law stay"
    [ -e stale/charts/curves.png ] || fail "no training curves"
    sweep stale --set fit.count=nonembd
    has stale.txt 'it was made with law "bnsl", not null'
    sweep stale
    [ "$before" = "$(kept stale)" ] || fail "the first options do not lead back to the first fit"
}

charts_are_mended() {
    local before
    cp -r whole bald
    before=$(kept bald)
    rm bald/charts/excess.svg
    sweep bald
    [ "$before" = "$(kept bald)" ] || fail "a lost chart is not drawn again"
    rm -r bald/charts
    sweep bald
    [ "$before" = "$(kept bald)" ] || fail "lost charts are not drawn again"
    # rows that changed since: chart says so, and keeps both together
    edit '3d' bald/results.csv
    exits 0 "$plateau" plan bald --flops 1e11
    has stderr 'it was made from 9 runs, and there are 8'
    exits 0 "$plateau" chart bald
    has stderr 'it was made from 9 runs, and there are 8'
    grep -q '^	"n":	8,' bald/fit.json || fail "charts of 8 runs beside a fit of 9"
    exits 0 "$plateau" chart bald
    [ ! -s stderr ] || fail "chart complains of its own fit: $(cat stderr)"
}

# Charts that cannot be drawn cost nothing else.
charts_fail() {
    local code
    cp -r whole full
    rm -r full/charts full/fit.json
    touch full/charts # no folder can be made there
    "$plateau" sweep "$tiny" --out full --set fit.bootstrap=20 >full.txt 2>&1
    code=$?
    [ "$code" = 3 ] || fail "exit code $code where charts cannot be drawn"
    cmp -s own.json full/fit.json || fail "the fit was lost with the charts"
    grep -q '^Verdict' full.txt || fail "the verdict was lost with the charts"
    tail -n 1 full.txt | grep -q 'full/charts' || fail "the reason is not named: $(tail -n 1 full.txt)"
    # a link does not lead the charts out of the folder
    rm full/charts
    mkdir -p elsewhere
    ln -s ../elsewhere full/charts
    exits 2 "$plateau" chart full
    has stderr 'full/charts'
    has stderr 'link'
    [ -z "$(ls elsewhere)" ] || fail "charts were written outside the folder"
}

chart_what_if() {
    local before
    before=$(kept whole)
    exits 2 "$plateau" chart whole --law power
    exits 2 "$plateau" chart whole --law power --out whole/charts
    has stderr 'give another folder with --out'
    exits 0 "$plateau" chart whole --law power --out power
    has stdout 'a what-if'
    [ -s power/loss_tokens.png ] || fail "no charts of the what-if"
    cmp -s power/excess.svg whole/charts/excess.svg && fail "the charts are not those of law power"
    [ "$before" = "$(kept whole)" ] || fail "a what-if changed the folder"
    exits 0 "$plateau" chart whole --out same
    cmp -s same/excess.svg whole/charts/excess.svg || fail "other charts elsewhere"
    exits 0 "$plateau" plan whole --flops 1e10 --law joint
    has stdout 'by law joint'
    has stdout 'a what-if'
}

tables() {
    exits 0 "$plateau" chart "$table" --where keep=1 --out charts
    has stdout '39 runs of'
    [ -s charts/loss_tokens.png ] && [ -s charts/excess.svg ] || fail "no charts of a table"
    [ ! -e charts/curves.png ] || fail "training curves of a table"
    exits 2 "$plateau" chart "$table"
    has stderr '--out'
    exits 0 "$plateau" plan "$table" --where keep=1 --flops 1e19
    has stdout 'parameters N'
    lacks stdout 'nearest shape'
    lacks stdout 'time'
    exits 0 "$plateau" plan "$table" --where keep=1 --flops 1e19 --json -
    [ "$(head -c 1 stdout)" = '{' ] || fail "not JSON alone"
    has stdout '"time_s": null'
    has stdout '"command": null'
    grep -q '"time_s": "a table does not say it' stdout || fail "no reason for what is null"
    exits 2 "$plateau" plan "$table" --time 2h
    exits 0 "$plateau" plan whole --flops 1e11 --json -
    grep -q '"time_s": [0-9]' stdout && grep -q '"command": ".*plateau.* train whole/d' stdout || fail "no time or command: $(cat stdout)"
    [ -z "$(find . -name '*.json' -newer stdout)" ] || fail "files appeared"
    # losses in other units
    sed '1s/loss/val_bpb/' "$table" >bits.csv
    exits 0 "$plateau" plan bits.csv --flops 1e19
    has stdout 'bits per byte, 95 % interval'
    # sources can be joined, as for fit
    cp "$table" t2.csv
    exits 0 "$plateau" plan "$table" t2.csv --where keep=1 --flops 1e19
    has stdout '(78 runs'
}

# One new run of a corpus: its interval, the epochs it needs, a shape as they ran or the word that it is not, and a command
# that trains it.
new_run() {
    local i command corpus=(--set data.source=text --set 'data.files=["words.txt"]' --set model.ctx=32 --set data.eval_tokens=512)
    for i in $(seq 3000); do echo "the cat $i sat on mat $((i * 7 % 11))"; done >words.txt
    bare_sweep corpus "${corpus[@]}" --set 'grid.tokens=["10k","20k","40k"]' --set 'grid.seeds=[1,2]'
    exits 0 "$plateau" predict corpus --params 8k --tokens 200k --bootstrap 20 --json -
    [ "$(head -c 1 stdout)" = '{' ] || fail "not JSON alone"
    awk -v words="$(wc -c <words.txt)" -F'[:,]' '/"epochs":/ { e = $2 } END { exit !(e > 200e3 / words && e < 1.3 * 200e3 / words) }' stdout ||
        fail "epochs: $(grep epochs stdout)"
    grep -q '"within_runs": true' stdout || fail "no shape that ran: $(grep shape stdout)"
    grep -q '"noise_from": "runs repeated' stdout || fail "no noise of the seeds: $(grep noise stdout)"
    exits 0 "$plateau" predict corpus --params 8k --tokens 200k
    has stdout 'for one new run'
    has stdout 'within those that ran'
    has stdout 'tokens are repeats, and the law was fitted to runs that saw each token once'
    has stdout 'of this corpus'
    command=$(sed -n 's/^  train it *//p' stdout)
    eval "$command" >train.txt 2>&1 || fail "the command does not train: $(tail -n 1 train.txt)"
    [ -n "$(find corpus-next -name result.json)" ] || fail "nothing was trained"
    exits 0 "$plateau" predict corpus --params 800k --tokens 20k
    has stdout 'larger than any that ran (d_model 8 to 24'
    lacks stdout 'repeats'
    exits 0 "$plateau" predict corpus --params 1e13 --tokens 20k
    lacks stdout 'nearest shape'
    lacks stdout 'train it'
    exits 0 "$plateau" predict corpus --params 1e13 --tokens 20k --json -
    has stdout '"shape": "no shape up to'
    # N counts as the report counts
    exits 0 "$plateau" predict corpus --params 5k --tokens 20k --count nonembd --json -
    has stdout '"count": "nonembd"'
    awk -F'"params": ' '/"shape":/ { exit !($2 + 0 > 6000) }' stdout || fail "the shape has 5k parameters in all: $(grep shape stdout)"
    exits 0 "$plateau" plan corpus --flops 10x --json -
    grep -q '"times_largest_budget": 10,' stdout || grep -q '"times_largest_budget": 10\.0\|9\.99' stdout || fail "not ten times: $(grep times stdout)"
}

# The shipped table is what its page says.
example() {
    exits 0 "$plateau" fit "$table" --where keep=1 --law chinchilla
    local truth name lo hi
    for truth in E:1.75 A:380 B:900 alpha:0.34 beta:0.31; do
        name=${truth%:*}
        read -r lo hi < <(awk -v n="$name" '$1 == n { print $4, $5; exit }' stdout)
        awk -v t="${truth#*:}" -v lo="$lo" -v hi="$hi" 'BEGIN { exit !(lo <= t && t <= hi) }' || fail "$name: $lo to $hi misses ${truth#*:}"
    done
}

draws() {
    exits 0 "$plateau" fit "$table" --where keep=1 --bootstrap 60 --draws draws.csv
    [ "$(head -n 1 draws.csv)" = law,resample,E,A,B,alpha,beta,g ] || fail "header $(head -n 1 draws.csv)"
    [ "$(grep -c '^chinchilla,' draws.csv)" = 60 ] || fail "not 60 resamples of chinchilla"
    [ "$(cut -d, -f1 draws.csv | sort -u | tr '\n' ' ')" = "chinchilla joint law " ] || fail "not both laws"
    awk -F, 'NF != 8 { exit 1 }' draws.csv || fail "rows of other lengths"
    exits 2 "$plateau" fit "$table" --bootstrap 0 --draws none.csv
    [ ! -e none.csv ] || fail "resamples of none"
}

# Runs that are not alike: other data is refused, other training named.
unlike_folders() {
    local out small=(--set 'grid.tokens=["8k","12k","16k"]')
    bare_sweep other "${small[@]}" --set data.source=graph-walk
    bare_sweep slow "${small[@]}" --set train.lr=0.0005
    bare_sweep decay "${small[@]}" --set train.weight_decay=0.1
    bare_sweep short "${small[@]}" --set data.eval_tokens=4096
    bare_sweep reseeded "${small[@]}" --set data.seed=2
    exits 2 "$plateau" fit whole other
    has stderr "column data holds 'zipf-facts' (9 runs, whole/results.csv), 'graph-walk' (9 runs, other/results.csv)"
    has stderr "--where 'data=zipf-facts'"
    [ ! -s stdout ] || fail "something was printed"
    exits 0 "$plateau" fit whole other --where data=zipf-facts --bootstrap 0
    has stdout '9 runs'
    exits 2 "$plateau" plan whole other --flops 1e11
    exits 2 "$plateau" chart whole other --out never
    [ ! -e never ] || fail "charts of unlike data"
    exits 2 "$plateau" fit whole short
    has stderr 'whole and short differ in data.eval_tokens 8192 -> 4096'
    exits 2 "$plateau" fit whole reseeded
    has stderr 'data.seed 1 -> 2'
    exits 0 "$plateau" fit whole slow --bootstrap 0
    has stdout 'careful: the runs differ in their learning rate, column lr: 0.0005 (9 runs, slow/results.csv), 0.008 (9 runs, whole/results.csv)'
    exits 0 "$plateau" fit whole decay --bootstrap 0 --json -
    has stdout 'train.weight_decay 0.01 -> 0.1'
    # alike: other sizes, seeds and budgets on the same data
    bare_sweep more "${small[@]}" --set 'grid.seeds=[2]' --set 'grid.models=[{"d_model":8,"n_layer":2},{"d_model":32,"n_layer":1}]'
    exits 0 "$plateau" fit whole more --bootstrap 0
    has stdout '15 runs'
    for out in 'runs differ' 'trained unlike'; do
        lacks stdout "$out"
        ! grep -qF "$out" whole.txt || fail "a sweep alone is called unlike"
    done
    [ "$(cksum <own.json)" = "$(cksum <whole/fit.json)" ] || fail "a fit of several folders was written into one"
}

# A corpus is known by its bytes, wherever it lies.
unlike_texts() {
    local i text=(--set data.source=text --set model.ctx=32 --set data.eval_tokens=512)
    for i in $(seq 3000); do echo "the cat $i sat on mat $((i * 7 % 11))"; done >a.txt
    cp a.txt b.txt
    sed 's/cat/dog/' a.txt >c.txt
    for i in a b c; do
        bare_sweep "text$i" "${text[@]}" --set "data.files=[\"$i.txt\"]" --set 'grid.tokens=["10k","20k"]'
    done
    exits 0 "$plateau" fit texta textb --law power --bootstrap 0
    lacks stdout 'unlike'
    exits 2 "$plateau" fit texta textc --law power
    has stderr "column data holds 'a.txt' (6 runs, texta/results.csv), 'c.txt' (6 runs, textc/results.csv)"
    cp c.txt a.txt # one name, another corpus
    bare_sweep textd "${text[@]}" --set 'data.files=["a.txt"]' --set 'grid.tokens=["10k","20k"]'
    exits 2 "$plateau" fit texta textd --law power
    has stderr 'texta and textd differ in the content of data.files'
}

# What --best leaves out is not compared.
best_of_cells() {
    awk -F, 'NR == 1 { print $0 ",lr"; next } { print $0 ",0.1" } $6 == 1 { $5 += 1; print $1 "," $2 "," $3 "," $4 "," $5 "," $6 ",0.2" }' \
        "$table" >rates.csv
    exits 0 "$plateau" fit rates.csv --where keep=1 --bootstrap 0
    has stdout '39 runs'
    has stdout 'several values of lr were tried'
    lacks stdout 'the runs differ'
    exits 0 "$plateau" fit rates.csv --where keep=1 --bootstrap 0 --where lr=0.1
    lacks stdout 'were tried'
    exits 0 "$plateau" fit rates.csv --where keep=1 --bootstrap 0 --best
    has stdout '39 runs'
    lacks stdout 'the runs differ'
}

nothing_to_fit() {
    bare_sweep pair --set 'grid.tokens=["40k"]' --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1}]'
    has pair.txt 'Not enough runs: 2 finished runs; a law needs at least 5'
    exits 2 "$plateau" fit pair --json pair.json
    has stderr 'nothing to fit: 2 finished runs; a law needs at least 5'
    [ ! -s stdout ] && [ ! -e pair.json ] || fail "something was printed or written"
    head -n 5 "$table" >few.csv
    exits 2 "$plateau" fit few.csv --json -
    has stderr 'at least 5'
    { echo params,tokens,loss; for i in 1 2 3 4 5 6 7; do echo "1e6,2e7,3.$i"; done; } >point.csv
    exits 2 "$plateau" fit point.csv
    has stderr 'the 7 runs have 1 value of tokens'
    exits 2 "$plateau" plan point.csv --flops 1e15
    head -n 7 "$table" >six.csv
    exits 2 "$plateau" fit six.csv --law bnsl
    has stderr 'law bnsl needs at least 7 runs'
}

# Whatever prints says so where it cannot.
stdout_full() {
    [ -w /dev/full ] || { skip "no /dev/full"; return; }
    local words code
    while read -r words; do
        # shellcheck disable=SC2086
        "$plateau" $words >/dev/full 2>stderr
        code=$?
        [ "$code" = 3 ] || fail "exit code $code with a full stdout: $words"
        grep -q 'cannot write to stdout: No space left' stderr || fail "no reason: $words: $(tail -n 1 stderr)"
        # a stdout that is closed, and no file that takes its place
        # shellcheck disable=SC2086
        "$plateau" $words >&- 2>stderr
        code=$?
        [ "$code" = 3 ] || fail "exit code $code with a closed stdout: $words"
    done <<END
--help
version
config
config --schema
fit --help
fit $table --bootstrap 0
fit $table --bootstrap 0 --json -
fit $table --bootstrap 0 --json over.json
plan $table --bootstrap 0 --flops 1e19
plan $table --bootstrap 0 --flops 1e19 --json -
predict $table --bootstrap 0 --params 1e8 --tokens 1e9
chart $table --bootstrap 0 --out full-charts
status whole
fit whole --bootstrap 0
data info --language zipf-facts
bench peak --json - --repeat 1 --threads 1
END
    [ "$(head -c 1 over.json)" = '{' ] || fail "what was printed went into a file"
    # the work itself is done
    rm -f whole/charts/*
    "$plateau" sweep "$tiny" --out whole --set fit.bootstrap=20 >/dev/full 2>stderr
    code=$?
    [ "$code" = 3 ] && [ -s whole/charts/excess.png ] || fail "exit code $code, or no charts, with a full stdout"
}

# A reader that leaves ends it, at once and whether the signal is ignored or not.
closed_pipe() {
    local code
    timeout 60 "$plateau" fit "$table" | : 
    code=${PIPESTATUS[0]}
    [ "$code" = 141 ] || [ "$code" = 3 ] || [ "$code" = 0 ] || fail "exit code $code on a closed pipe"
    mkfifo closed.fifo 2>/dev/null
    (trap '' PIPE; timeout 60 "$plateau" fit "$table" >closed.fifo 2>stderr; echo $? >code) &
    : <closed.fifo
    wait $!
    [ "$(cat code)" = 3 ] || fail "exit code $(cat code) with a pipe that nobody reads"
    has stderr 'cannot write to stdout: Broken pipe'
}

for t in what_if what_if_goes_elsewhere own_fit_again stale charts_are_mended charts_fail chart_what_if tables new_run example draws unlike_folders \
    unlike_texts best_of_cells nothing_to_fit stdout_full closed_pipe; do
    run_test "$t"
done
finish
