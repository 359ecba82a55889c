#!/usr/bin/env bash
# The lab: all steps in a very short form, going on after a kill, and what the seal refuses.
. "$(dirname "$0")/shell.sh"

says() {
    tr -s ' \n' '  ' <stderr | grep -qF -- "$1" || fail "'$1' is not in: $(cat stderr)"
}

lab() { "$plateau" lab "$@"; }

# What is wrong is told before anything is trained.
bad_words() {
    exits 2 lab z --out bad
    says 'lab z: expected a step from a to j'
    exits 2 lab --minutes 0.001 --out bad
    says '--minutes 0.001'
    exits 2 lab --text nowhere.txt --out bad
    says '--text nowhere.txt: no such file'
    exits 2 lab --tweak nowhere.json --out bad
    says '--tweak nowhere.json'
    exits 2 lab d --minutes 0.05 --out bad
    says 'step c comes first'
    [ ! -e bad ] || fail "a folder was begun"
}

begin_lab() {
    "$plateau" lab --minutes 0.05 --out runs >killed.txt 2>&1 &
    pid=$!
}
in_the_middle() { [ -e "$1/steps/b.json" ] && [ ! -e "$1/steps/j.json" ]; }

# Killed in the middle, the same command goes on; then nothing is done twice, and the page holds all.
whole() {
    local i pid
    catch in_the_middle runs begin_lab || return
    kill -TERM "$pid"
    let_go "$pid"
    wait "$pid" 2>/dev/null
    [ ! -e runs/steps/j.json ] || fail "it was over before it was killed"
    exits 0 lab --out runs
    for i in a b c d e f g h i j; do
        [ -s "runs/steps/$i.json" ] && [ -s "runs/steps/$i.html" ] || fail "step $i left nothing"
        grep -q "<section id=\"step-$i\"" runs/report.html || fail "step $i is not on the page"
        [ -n "$(ls runs/charts/$i-*.png)" ] || fail "step $i has no figure"
    done
    ! sed '/<script>/,/<\/script>/d' runs/report.html | grep -qE '[ >](nan|-nan|inf)[ <,]' || fail "nan on the page"
    cp runs/isoflop/results.csv before.csv
    exits 0 lab --out runs
    grep -q 'all steps are done' stdout || fail "not all steps are done"
    cmp -s before.csv runs/isoflop/results.csv || fail "runs were trained again"
}

# What the team writes is on the page.
answers() {
    edit 's/^Names:.*/Names: Ada \& Grace/' runs/answers.txt
    echo '<b>No</b> wall.' >>runs/answers.txt
    exits 0 lab a --out runs
    grep -qF '&lt;b&gt;No&lt;/b&gt; wall.' runs/report.html || fail "the answer is not on the page, escaped"
    grep -qF 'Ada &amp; Grace' runs/report.html || fail "the names are not on the page"
}

# The hash is what sha256sum says; a run is refused where the seal is broken, or came after.
seal() {
    if command -v sha256sum >/dev/null; then # ports: where it is
        (cd runs && sha256sum -c prediction.sha256 >/dev/null 2>&1) || fail "sha256sum has another hash" # ports: asked for above
    fi
    rm runs/steps/g.json
    cp runs/prediction.json kept.json
    edit 's/"loss":\([^0-9]*\)[0-9]/"loss":\19/' runs/prediction.json
    exits 2 lab g --out runs
    says 'the seal is broken'
    cp kept.json runs/prediction.json
    mv runs/ahead/seal.txt seal.txt
    exits 2 lab g --out runs
    says 'began before prediction.json was sealed'
    sed 's/^....../000000/' seal.txt >runs/ahead/seal.txt
    exits 2 lab g --out runs
    says 'began under another prediction'
    mv seal.txt runs/ahead/seal.txt
    touch -t 200001010000 runs/ahead/*/config.json
    exits 2 lab g --out runs
    says 'began before prediction.json was sealed'
    touch runs/ahead/*/config.json
    exits 0 lab g --out runs
    rm runs/steps/f.json runs/prediction.json
    exits 2 lab f --out runs
    says 'a prediction of a run that has begun is none'
    mv kept.json runs/prediction.json
}

# A lab keeps the words that it was begun with.
other_words() {
    exits 2 lab --minutes 3 --out runs
    says 'was begun with 0.05'
    echo text >text.txt
    exits 2 lab --text text.txt --out runs
    says 'was begun with other data'
    printf '{' >runs/lab.json
    exits 2 lab --out runs
    says 'runs/lab.json is damaged'
}

for t in bad_words whole answers seal other_words; do
    run_test "$t"
done
finish
