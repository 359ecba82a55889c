#!/usr/bin/env bash
# Charts by the binary: what the words on them are, and memory that runs out while they are drawn.
. "$(dirname "$0")/shell.sh"

trained() {
    "$plateau" sweep "$root/configs/tiny.json" --set grid.tokens='["10k","20k","40k"]' --set train.warmup_tokens=1024 --set fit.bootstrap=40 --out w \
        >sweep.txt 2>sweep.err || fail "exit code $?: $(tail -n 3 sweep.err)"
    # the end of a sweep is one screen
    [ "$(wc -l <sweep.txt)" -le 24 ] || fail "$(wc -l <sweep.txt) lines at the end of a sweep"
    [ "$(wc -L <sweep.txt)" -le 100 ] || fail "a line of $(wc -L <sweep.txt) columns"
    for word in Answer Floor Returns Noise Break; do
        grep -q "^  $word " sweep.txt || fail "no row $word: $(cat sweep.txt)"
    done
    ! grep -q 'std. error' sweep.txt || fail "tables of parameters at the end of a sweep"
    rm -rf w/charts
    "$plateau" chart w >chart.txt 2>&1 || fail "chart: exit code $?: $(cat chart.txt)"
    # no chart of returns: these runs do not settle what the next doubling gains, and it is withheld
    for chart in curves loss_tokens loss_params excess; do
        [ -s "w/charts/$chart.png" ] && [ -s "w/charts/$chart.svg" ] || fail "no chart $chart"
        grep -q "w/charts/$chart.png" chart.txt || fail "the path of $chart is not printed"
        grep -q 'Runs: tiny' "w/charts/$chart.svg" || fail "$chart does not name its runs"
        grep -q 'nats per token' "w/charts/$chart.svg" || fail "$chart has no unit"
        ! grep -qE '[^a-z](nan|inf)[^a-z]' "w/charts/$chart.svg" || fail "$chart: nan or inf"
    done
    grep -q '1/16 of the held-out set' w/charts/curves.svg || fail "curves: evaluations along the way"
    [ "$(find w/charts -type f | wc -l)" = $((2 * $(grep -c '^  w/charts/' chart.txt))) ] || fail "other files: $(ls w/charts)"
}

# A token of text is a byte.
bytes() {
    for i in {1..4000}; do echo "line $i of a text, $((i * i)) and $((i % 7))"; done >text.txt
    "$plateau" sweep "$root/configs/tiny.json" --set data.source=text --set data.files='["text.txt"]' \
        --set grid.tokens='["10k","20k"]' --set fit.bootstrap=40 --out b >sweep.txt 2>&1 ||
        fail "exit code $?: $(tail -n 3 sweep.txt)"
    grep -q 'loss (nats per byte)' b/charts/loss_tokens.svg || fail "no bytes on the chart of text"
    ! grep -q 'per token' b/charts/*.svg || fail "tokens on a chart of text"
}

# From a limit that the fit gets by with, until the charts are drawn: exit code 3 with one line and no part of a
# file, or 0.
little_memory() {
    local limit rc drawn=0
    if ! { (ulimit -v 400000 && "$plateau" version); } >/dev/null 2>&1; then
        skip "this build does not run with 400 MB of address space"
        return
    fi
    for ((limit = 6000; limit < 60000; limit += 1000)); do
        { (ulimit -v $limit && "$plateau" fit w --json -); } >/dev/null 2>&1 && break
    done
    for (( ; limit < 200000 && drawn < 2; limit += 3000)); do
        rm -rf little
        (ulimit -v $limit && "$plateau" chart w --out little) >little.txt 2>little.err
        rc=$?
        [ $rc = 0 ] && drawn=$((drawn + 1))
        [ $rc = 0 ] || [ $rc = 3 ] || fail "$limit kB: exit code $rc: $(head -n 2 little.err)"
        [ $rc = 0 ] || [ "$(grep -c . little.err)" = 1 ] || fail "$limit kB: not one line: $(cat little.err)"
        [ -z "$(find little -name '*tmp*' 2>/dev/null)" ] || fail "$limit kB leaves $(ls little)"
    done
    [ $drawn = 2 ] || fail "never enough memory"
}

# The ways to draw, from a table: width, scale, theme, which, data, the terminal; and what is refused.
options() {
    local table=$root/docs/example-runs.csv few=(--where keep=1 --law chinchilla --bootstrap 0)
    "$plateau" chart "$table" "${few[@]}" --only excess,loss_tokens --data --width 85mm --no-titles --scale 3 --theme dark --out p >p.txt ||
        fail "exit code $?"
    [ "$(ls p | tr '\n' ' ')" = 'excess.csv excess.png excess.svg loss_tokens.csv loss_tokens.png loss_tokens.svg ' ] || fail "files: $(ls p)"
    grep -q 'width="85mm"' p/excess.svg || fail "no width in mm: $(head -c 200 p/excess.svg)"
    grep -q '#16181c' p/excess.svg || fail "not dark"
    grep -q '<title>The loss falls with compute' p/excess.svg || fail "no title for who cannot see"
    ! sed '/<title>/d; /<desc>/d' p/excess.svg | grep -q 'The loss falls with compute' || fail "a title"
    # 85 mm at 96 units an inch are 321 units, three pixels each: the width stands in the PNG's head
    [ "$(od -An -tu1 -j16 -N4 p/excess.png | tr -s ' ')" = ' 0 0 3 196' ] || fail "pixels: $(od -An -tu1 -j16 -N4 p/excess.png)"
    head -n 1 p/excess.csv | grep -qx 'panel,kind,series,x,y,x_lo,x_hi,y_lo,y_hi,point' || fail "columns: $(head -n 1 p/excess.csv)"
    # what the runs' losses are in the table is what the chart shows
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } $c["keep"] == 1 { printf "%.6g %.6g\n", $c["tokens"], $c["loss"] }' "$table" |
        sort >table.txt
    awk -F, '$2 == "marks" { printf "%.6g %.6g\n", $4, $5 }' p/loss_tokens.csv | sort >chart.txt
    diff table.txt chart.txt >/dev/null || fail "other losses: $(diff table.txt chart.txt | head -n 4)"
    "$plateau" chart "$table" "${few[@]}" --term >term.txt || fail "exit code $?"
    grep -q '●' term.txt && grep -q '┬' term.txt && ! grep -q $'\033' term.txt || fail "in letters: $(head -n 20 term.txt)"
    "$plateau" chart "$table" "${few[@]}" --only excess --scale tokens=2 --scale 1 --out q >/dev/null || fail "exit code $? with both kinds of --scale"
    [ "$(od -An -tu1 -j16 -N4 q/excess.png | tr -s ' ')" = ' 0 0 3 192' ] || fail "pixels at scale 1"
    "$plateau" chart "$table" "${few[@]}" --only bowls,excess,curves --out r >r.txt || fail "exit code $? where two of three are not drawn"
    [ "$(sed -n '/^Charts/,$p' r.txt | tail -n +2)" = "  r/excess.png
  curves: not drawn: it needs runs with logs, as sweeps have
  bowls: not drawn: it needs several learning rates at a size and budget" ] || fail "what is not drawn: $(cat r.txt)"
    local bad
    for bad in '--width 85' '--width mm' '--width 9mm' '--scale 0' '--scale 99' '--theme blue' '--only exces'; do
        # shellcheck disable=SC2086 # two words
        "$plateau" chart "$table" "${few[@]}" $bad --out never >out.txt 2>err.txt
        [ $? = 2 ] && [ "$(wc -l <err.txt)" = 1 ] && grep -q -- "${bad%% *}" err.txt || fail "$bad: $(cat err.txt)"
    done
    [ ! -e never ] || fail "charts of what was refused"
}

# Charts of two folders in one frame, with a name for each.
two_folders() {
    "$plateau" sweep "$root/configs/tiny.json" --set grid.tokens='["10k","20k"]' --set fit.bootstrap=0 --out one >/dev/null 2>&1 || fail "exit code $?"
    "$plateau" sweep "$root/configs/tiny.json" --set grid.tokens='["30k"]' --set fit.bootstrap=0 --out two >/dev/null 2>&1 || fail "exit code $?"
    "$plateau" chart one two --bootstrap 0 --only curves --data --out both >both.txt 2>&1 || fail "exit code $?: $(cat both.txt)"
    grep -q '>one</text>' both/curves.svg && grep -q '>two</text>' both/curves.svg || fail "the folders are not named"
    grep -q 'loss (nats per token)' both/curves.svg || fail "no unit"
    grep -q 'stroke-dasharray' both/curves.svg || fail "they are not told apart"
    [ "$(awk -F, '$3 ~ /^"?held-out loss/' both/curves.csv | wc -l)" = $((3 * 3)) ] || fail "not nine runs: $(cut -d, -f3 both/curves.csv | sort | uniq -c)"
}

run_test trained
run_test options
run_test two_folders
run_test bytes
run_test little_memory
finish
