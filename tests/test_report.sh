#!/usr/bin/env bash
# The page that a sweep ends with, and that `plateau report` writes: where it goes, what is in it, and what it leaves alone.
. "$(dirname "$0")/shell.sh"
tiny=$(tiny_config)
table=$root/docs/example-runs.csv

# has FILE TEXT: lines are joined, as words are wrapped.
has() {
    tr -s ' \n' '  ' <"$1" | grep -qF -- "$2" || fail "'$2' is not in $1"
}

lacks() {
    ! grep -qF -- "$2" "$1" || fail "'$2' is in $1"
}

# alone PAGE: a whole page that fetches nothing.
alone() {
    [ -s "$1" ] || fail "no page $1"
    [ "$(head -n 1 "$1")" = '<!DOCTYPE html>' ] && [ "$(tail -n 1 "$1")" = '</html>' ] || fail "$1 is no whole page"
    ! grep -qE '<(script|img|iframe|link|source|object|embed)[^>]*(src|href)="?(https?:|//|file:)|@import' "$1" || fail "$1 fetches something"
    has "$1" "default-src 'none'"
    ! sed -e 's/base64,[A-Za-z0-9+\/=]*//g' -e '/<script>/,/<\/script>/d' "$1" | grep -qE '[^a-zA-Z](nan|inf|-nan|NaN)[^a-zA-Z]' || fail "nan or inf in $1"
}

# held PAGE NAME: the file that a page holds for downloading.
held() {
    grep -o "download=\"$2\" href=\"data:[^\"]*" "$1" | sed 's/.*base64,//' | base64 -d
}

sweep_once() {
    [ -e whole/fit.json ] || "$plateau" sweep "$tiny" --out whole --set fit.bootstrap=20 --set 'name=whole' >whole.txt 2>&1 ||
        fail "sweep: $(tail -n 3 whole.txt)"
}

# A sweep writes it by itself, and its last screen says where.
sweep_writes() {
    sweep_once
    has whole.txt 'Report whole/report.html'
    alone whole/report.html
    # the table has all digits of a rate, 0.0080000000000000002
    has whole/report.html ', lr 0.008, '
    for section in answer verdict pictures whatif runs fits literature method downloads; do
        grep -q "<section id=\"$section\"" whole/report.html || fail "no section $section"
    done
    for chart in whole/charts/*.svg; do
        chart=$(basename "$chart" .svg)
        grep -q "<figure id=\"chart-$chart\"" whole/report.html || fail "the page lacks the chart $chart"
        # the finding is the picture's title, there as here
        grep -qF "$(grep -o '<title>.*</title>' "whole/charts/$chart.svg" | sed 's/.*<title>//')" whole/report.html || fail "$chart: another finding"
    done
    held whole/report.html results.csv | cmp -s - whole/results.csv || fail "results.csv is held otherwise"
    held whole/report.html fit.json | cmp -s - whole/fit.json || fail "fit.json is held otherwise"
    held whole/report.html sweep.json | cmp -s - whole/sweep.json || fail "sweep.json is held otherwise"
    [ "$(wc -c <whole/report.html)" -lt 1000000 ] || fail "$(wc -c <whole/report.html) bytes"
}

# The same bytes each time, from wherever it is called; nothing else in the folder changes.
same_bytes() {
    sweep_once
    local before others
    before=$(cksum <whole/report.html)
    others=$(find whole -type f ! -name report.html -exec cksum {} + | sort)
    exits 0 "$plateau" report whole
    has stdout 'the report is in whole/report.html'
    [ "$before" = "$(cksum <whole/report.html)" ] || fail "other bytes"
    exits 0 "$plateau" report "$PWD/whole/"
    [ "$before" = "$(cksum <whole/report.html)" ] || fail "other bytes by another path"
    exits 0 "$plateau" report whole --out page.html
    [ "$before" = "$(cksum <page.html)" ] || fail "other bytes with --out"
    exits 0 "$plateau" sweep "$tiny" --out whole --set fit.bootstrap=20 --set name=whole
    has stdout 'all of it on one page in whole/report.html'
    rm whole/report.html
    exits 0 "$plateau" sweep "$tiny" --out whole --set fit.bootstrap=20 --set name=whole
    [ "$before" = "$(cksum <whole/report.html)" ] || fail "a lost page is not made again"
    [ "$others" = "$(find whole -type f ! -name report.html -exec cksum {} + | sort)" ] || fail "something else has changed"
}

# A what-if has a page of its own elsewhere.
what_if() {
    sweep_once
    local before
    before=$(find whole -type f -exec cksum {} + | sort)
    exits 2 "$plateau" report whole --law power
    has stderr 'give another file with --out'
    exits 0 "$plateau" report whole --law power --out power.html
    alone power.html
    has power.html 'law-power'
    [ "$before" = "$(find whole -type f -exec cksum {} + | sort)" ] || fail "the sweep's folder has changed"
}

# Tables, and several folders.
tables() {
    exits 2 "$plateau" report "$table"
    has stderr 'with --out'
    exits 0 "$plateau" report "$table" --where keep=1 --bootstrap 20 --out table.html
    alone table.html
    has table.html 'A table does not tell'
    held table.html results.csv | cmp -s - "$table" || fail "the table is held otherwise"
    sweep_once
    exits 0 "$plateau" report whole "$table" --bootstrap 20 --out both.html
    alone both.html
}

# What cannot be written, or must not be written over.
refused() {
    sweep_once
    local before
    before=$(find whole -type f -exec cksum {} + | sort)
    exits 2 "$plateau" report
    exits 2 "$plateau" report nowhere
    exits 2 "$plateau" report whole --out whole
    has stderr 'that is a folder'
    for file in results.csv fit.json sweep.json; do
        exits 2 "$plateau" report whole --out "whole/$file"
    done
    exits 3 "$plateau" report whole --out nowhere/page.html
    exits 2 "$plateau" report whole --colour red
    mkdir elsewhere && echo mine >elsewhere/page.html
    cp -r whole linked && ln -sf ../elsewhere/page.html linked/report.html
    exits 2 "$plateau" report linked
    [ "$(cat elsewhere/page.html)" = mine ] || fail "a link was followed"
    [ "$before" = "$(find whole -type f -exec cksum {} + | sort)" ] || fail "the sweep's folder has changed"
}

# No run has ended: the page says so.
no_runs() {
    sweep_once
    mkdir -p young
    cp whole/sweep.json young/
    exits 0 "$plateau" report young
    alone young/report.html
    has young/report.html 'No run has ended yet'
    mkdir -p few
    cp whole/sweep.json few/
    head -n 3 whole/results.csv >few/results.csv
    exits 0 "$plateau" report few
    alone few/report.html
    has few/report.html 'Not enough runs'
}

# What somebody wrote is text: names of runs, of files, of keys, and a 10 kB cell.
hostile() {
    sweep_once
    local evil='</td><script>alert(1)</script><img src=x onerror=alert(2)>' long
    long=$(head -c 10000 /dev/zero | tr '\0' '<')
    rm -rf bad
    mkdir -p bad
    # as its checksum is taken out, it was changed on purpose
    sed "s/\"whole\"/\"<script>alert(3)<\\/script>\"/" whole/sweep.json >bad/sweep.json
    unseal bad/sweep.json
    awk -v e="<script>alert(1)<img src=x onerror=alert(2)>" 'BEGIN { FS = OFS = "," } NR == 2 { $1 = e } NR == 4 { $1 = "\033[31m\001\377\"\"" ; $1 = "\"" $1 "\"" } { print }' \
        whole/results.csv >bad/results.csv
    exits 0 "$plateau" report bad
    alone bad/report.html
    lacks bad/report.html '<script>alert'
    lacks bad/report.html '<img src=x'
    [ "$(tr -d -c '\033\001\377' <bad/report.html | wc -c)" = 0 ] || fail "control characters or broken UTF-8"
    held bad/report.html results.csv | cmp -s - bad/results.csv || fail "the CSV is held otherwise"
    has bad/report.html '&lt;script&gt;alert(3)&lt;/script&gt;'
    # the same from a table of one's own whose headings and cells are hostile
    sed "1s/keep/<b onmouseover=alert(1)>/; 2s/^[^,]*/$(printf '%s' "$evil" | sed 's/[\/&]/\\&/g')/; 3s/^[^,]*/$long/" "$table" >evil.csv
    "$plateau" report evil.csv --bootstrap 20 --out evil.html >stdout 2>stderr
    [ ! -e evil.html ] || { alone evil.html; lacks evil.html '<script>alert'; lacks evil.html '<b onmouseover'; }
}

# The folder of a comparison has a page of its own.
comparison() {
    sweep_once
    [ -e other/fit.json ] || "$plateau" sweep "$tiny" --out other --set fit.bootstrap=20 --set model.norm=rmsnorm >other.txt 2>&1 ||
        fail "sweep: $(tail -n 3 other.txt)"
    exits 0 "$plateau" compare whole other --bootstrap 20 --out compared
    exits 0 "$plateau" report compared
    alone compared/report.html
    for chart in gains differences variants frontiers; do
        [ ! -e "compared/charts/$chart.svg" ] || grep -q "<figure id=\"chart-$chart\"" compared/report.html || fail "no chart $chart"
    done
    held compared/report.html compare.json | cmp -s - compared/compare.json || fail "compare.json is held otherwise"
    has compared/report.html 'other'
    echo '{' >compared/compare.json
    exits 0 "$plateau" report compared
    has compared/report.html 'damaged'
}

# A full disk, or memory that runs out: one line, and no part of a page.
no_room() {
    sweep_once
    [ -e /dev/full ] || { skip "no /dev/full here"; return; }
    local before
    before=$(cksum <whole/report.html)
    (ulimit -f 100 && "$plateau" report whole >stdout 2>stderr) # 100 blocks of 512 or 1024 bytes
    [ $? = 3 ] || fail "exit code of a file that may not be written: $(cat stderr)"
    [ "$before" = "$(cksum <whole/report.html)" ] || fail "the page has changed"
    [ "$(find whole -name '*.tmp*' | wc -l)" = 0 ] || fail "a temporary file stays: $(find whole -name '*.tmp*')"
}

for t in sweep_writes same_bytes what_if tables refused no_runs hostile comparison no_room; do
    run_test "$t"
done
finish
