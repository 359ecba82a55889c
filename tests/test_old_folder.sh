#!/usr/bin/env bash
# A folder that the first format wrote (tests/old_folder) goes on as if nothing had changed: no run is orphaned, none is
# trained again, and what is resumed ends with the bytes that the program of then ended with.
. "$(dirname "$0")/shell.sh"
old=$root/tests/old_folder

# copy NAME: a writable copy of the folder.
copy() {
    cp -R "$old/folder" "$1" && chmod -R u+w "$1"
}

# sweep DIR [WORDS...]
sweep() {
    local dir=$1
    shift
    "$plateau" sweep "$old/config.json" --isa ref --jobs 1 --out "$dir" "$@" >"$dir.txt" 2>&1 ||
        fail "sweep into $dir: exit code $?: $(tail -n 3 "$dir.txt")"
}

# The columns that were there from the beginning and hang on nothing but the run.
results() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) h[$i] = i }
        { print $h["run"] "," $h["status"] "," $h["trunk"] "," $h["loss"] "," $h["loss_se"] "," $h["bpb"] }' "$1/results.csv"
}

# Log lines without times, and without what later versions add to evaluations.
lines() {
    sed -n 's/,"tokens_per_s":[^,}]*//; s/,"eval_tokens":[^,}]*//; /"type":"\(step\|eval\)"/p' "$1"
}

finishes() {
    local run before
    copy whole
    before=$(cksum whole/d8-*/log.jsonl whole/d8-*/checkpoint.bin)
    sweep whole
    [ "$(results whole | sort)" = "$(sort "$old/expected/results.csv")" ] || fail "other results: $(results whole)"
    [ "$(find whole -mindepth 1 -maxdepth 1 -name 'd*-s1-*' | wc -l)" = 4 ] || fail "other runs: $(ls whole)"
    for run in "$old"/expected/*.log; do
        lines "whole/$(basename "$run" .log)/log.jsonl" | cmp -s - "$run" || fail "$(basename "$run") differs"
    done
    [ "$before" = "$(cksum whole/d8-*/log.jsonl whole/d8-*/checkpoint.bin)" ] || fail "finished runs were touched"
    grep -q '2 were done before' whole.txt || fail "it does not say that two runs were there: $(cat whole.txt)"
    grep -q '"type":"start"' whole/d12-*-t120k-*/log.jsonl || fail "the resumed log lost its first line"
}

is_read() {
    local word
    "$plateau" status "$old/folder" >status.txt 2>&1 || fail "status: exit code $?: $(cat status.txt)"
    grep -q '2 of 4 runs done, 1 begun, 1 waiting' status.txt || fail "status: $(tail -n 1 status.txt)"
    [ -d whole ] || { copy whole; sweep whole; }
    "$plateau" status whole >status.txt 2>&1 || fail "status: exit code $?: $(tail -n 3 status.txt)"
    sweep whole --set 'grid.tokens=["60k","120k","180k","240k","300k","360k"]'
    for word in fit chart; do
        "$plateau" $word whole >$word.txt 2>&1 || fail "$word: exit code $?: $(tail -n 3 $word.txt)"
    done
    "$plateau" plan whole --flops 1e10 >plan.txt 2>&1
    case $? in
    0 | 2) ;; # four runs may be too few for a law
    *) fail "plan: $(cat plan.txt)" ;;
    esac
}

# A larger budget shares the trunk, and a smaller one leaves the runs that are there as they are.
grows() {
    copy more
    sweep more
    sweep more --set 'grid.tokens=["60k","120k","180k"]'
    [ "$(results more | sort)" = "$(sort "$old/expected/results_180k.csv")" ] || fail "180k: other results: $(results more)"
    [ ! -d whole ] || cp -R whole less
    [ -d less ] || { copy less; sweep less; }
    sweep less --set 'grid.tokens=["30k","60k","120k"]'
    [ "$(results less | grep -v t29.7k | grep -v t30.2k | sort)" = "$(sort "$old/expected/results.csv")" ] ||
        fail "30k: other results: $(results less)"
    [ "$(results less | wc -l)" = 7 ] || fail "30k: not six runs: $(results less)"
}

for t in finishes is_read grows; do
    run_test $t
done
finish
