#!/usr/bin/env bash
# What can be seen of a sweep while it works: the live view, event files, plateau status.
. "$(dirname "$0")/shell.sh"
. "$root/tests/sweeps.sh"

# What stands on a terminal of that width while a sweep runs: no line may be wider.
on_terminal() {
    local out=$1 columns=$2 locale=$3
    mkdir -p "$out" && touch "$out/charts" # as bare_sweep does
    TERM=xterm script -qec "stty cols $columns rows 24; LC_ALL=$locale '$plateau' sweep '$tiny' --set 'grid.tokens=[\"20k\",\"$(fewer 160k 80k)\"]' --out '$out'" /dev/null >"$out.raw" </dev/null 2>&1
    # the live lines alone: those that end by clearing the rest of the row
    sed 's/\x1b\[[0-9]*A/\n/g; s/\x1b\[J/\n/g' "$out.raw" | tr '\r' '\n' | sed -n 's/\x1b\[K$//p' >"$out.lines"
    [ -s "$out.lines" ] || fail "no live lines at width $columns"
    local widest
    widest=$(LC_ALL=C.UTF-8 wc -L <"$out.lines")
    [ "$widest" -lt "$columns" ] || fail "a line of $widest cells at width $columns: $(LC_ALL=C.UTF-8 awk -v w="$columns" 'length($0) >= w' "$out.lines" | head -n 1)"
}

live_view() {
    command -v script >/dev/null || { skip "no script(1) for a terminal: install bsdutils"; return; }
    script -qec true /dev/null >/dev/null 2>&1 </dev/null || { skip "no pseudo-terminals: mount devpts on /dev/pts"; return; }
    local columns
    for columns in 8 40 120; do
        on_terminal "utf$columns" "$columns" C.UTF-8
        on_terminal "ascii$columns" "$columns" C
    done
    grep -q '^d..-l2-s1  █.*/.* *loss .*tokens/s' utf120.lines || fail "no line of a trajectory: $(tail -n 3 utf120.lines)"
    grep -q '^sweep .*/6 runs .* left' utf120.lines || fail "no line of the sweep: $(tail -n 3 utf120.lines)"
    grep -q '^d..-l2-s1 *\[#*\.*\] .*/' ascii40.lines || fail "no trajectory at 40 columns: $(tail -n 3 ascii40.lines)"
    LC_ALL=C grep -q '[^ -~]' ascii120.lines && fail "beyond ASCII in the C locale"
    grep -q '^[# .]*.*6/6 runs' ascii40.lines || fail "the end is not shown"
    # a terminal that becomes narrow in the middle; SIGINT once enough has been drawn on it
    cat >narrow.sh <<'END'
grown() {
    tries=0
    until [ "$(wc -c <narrow.raw)" -gt "$1" ] || [ $((tries += 1)) -gt 1200 ]; do sleep 0.1; done
}
stty cols 120 rows 24
(
    grown 1000
    stty cols 40 </dev/tty
    printf MARK >/dev/tty
    grown $(($(wc -c <narrow.raw) + 1000))
    kill -INT $$
) &
LC_ALL=C exec "$1" sweep "$2" --set 'grid.tokens=["2G"]' --out narrow
END
    TERM=xterm script -qec "sh narrow.sh '$plateau' '$tiny'" /dev/null >narrow.raw </dev/null 2>&1
    sed 's/\x1b\[[0-9]*A/\n/g; s/\x1b\[J/\n/g' narrow.raw | tr '\r' '\n' | sed '1,/MARK/d' | sed -n 's/\x1b\[K$//p' >narrow.lines
    [ -s narrow.lines ] || fail "nothing is drawn after the terminal changed"
    [ "$(wc -L <narrow.lines)" -lt 40 ] || fail "lines stay wide when the terminal becomes narrow"
    # no terminal: no escape sequences
    sweep plain --set 'grid.tokens=["40k"]'
    grep -q $'\x1b' plain.txt && fail "escape sequences in a file"
    grep -q '3/3 runs' plain.txt || fail "no plain line: $(cat plain.txt)"
}

with_events() {
    "$plateau" sweep "$tiny" "${grid[@]}" --tensorboard --out events --jobs 2 >events.txt 2>&1 &
    pid=$!
}

event_files() {
    command -v python3 >/dev/null || { skip "no python3 to read event files: install python3"; return; }
    local pid grid=(--set "grid.tokens=[\"$(fewer 80k 20k)\",\"$(fewer 160k 80k)\"]")
    catch has_log events with_events || return
    kill -INT "$pid"
    let_go "$pid"
    wait "$pid"
    [ $? = 130 ] || fail "not interrupted: $(tail -n 1 events.txt)"
    "$plateau" sweep "$tiny" "${grid[@]}" --tensorboard --out events --jobs 2 >events.txt 2>&1 || fail "exit code $?"
    "$root/scripts/check_tensorboard" events >events.txt || fail "$(cat events.txt)"
    grep -q '^12 event files' events.txt || fail "not twelve event files, two a run: $(cat events.txt)"
    echo "  $(cat events.txt)"
    # for runs that are done, and for a file that was cut short or damaged
    local before
    sweep late
    before=$(digest late)
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "$(cat late-events.txt)"
    local file
    file=$(find late -name '*tfevents.plateau' | head -n 1)
    cp "$file" good
    head -c 700 good >"$file"
    "$root/scripts/check_tensorboard" late >/dev/null && fail "the reader takes a file that is cut short"
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "not completed: $(cat late-events.txt)"
    cmp -s <(head -c 600 good) <(head -c 600 "$file") || fail "what was there was not kept"
    damage "$file" 300
    "$root/scripts/check_tensorboard" late >/dev/null && fail "the reader takes a damaged file"
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "not mended: $(cat late-events.txt)"
    file=$(find late -name '*tfevents.hparams' | head -n 1)
    cp "$file" good
    sweep late --tensorboard
    cmp -s good "$file" || fail "hyperparameters are written again"
    damage "$file" 300
    "$root/scripts/check_tensorboard" late >/dev/null && fail "the reader takes damaged hyperparameters"
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "hyperparameters are not mended: $(cat late-events.txt)"
    [ "$before" = "$(digest late)" ] || fail "--tensorboard changes results"
    sweep late --fresh
    [ -z "$(find late -name '*tfevents*')" ] || fail "old event files stay with --fresh"
}

locked() {
    "$plateau" sweep "$tiny" --set 'grid.tokens=["200M"]' --out busy --jobs 1 >/dev/null 2>&1 &
    local pid=$! code
    # the time left is shown once enough has been trained to tell
    patiently eval '"$plateau" status busy >busy.txt 2>&1; grep -q "^sweep .* left" busy.txt'
    tail -n 1 busy.txt | grep -q 'a sweep is at work here' || fail "status does not see the sweep"
    grep -q '^d..-l2-s1 .*/200M .*tokens/s' busy.txt || fail "status does not show the trajectory at work: $(tail -n 3 busy.txt)"
    grep -q '^sweep .*0/3 runs .*left' busy.txt || fail "status does not show the sweep's line: $(tail -n 3 busy.txt)"
    "$plateau" sweep "$tiny" --set 'grid.tokens=["200M"]' --out busy >busy.txt 2>&1
    code=$?
    kill -INT "$pid"
    wait "$pid"
    "$plateau" status busy | tail -n 1 | grep -q 'no sweep is at work' || fail "status sees a sweep that has ended"
    [ "$code" = 3 ] || fail "exit code $code of a second sweep in one folder"
}

for t in live_view event_files locked; do
    run_test "$t"
done
finish
