#!/usr/bin/env bash
# Whole sweeps: the same bytes whatever the jobs, and after any kill; branches equal to runs trained alone.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json
# a warm-up of one length, with which every budget of a size shares its trunk and the runs settle a law
often=(--set train.checkpoint_s=0.01 --set train.warmup_tokens=3072)

# Everything that a sweep leaves behind, without times and speeds.
digest() {
    (
        cd "$1" || exit
        for run in */; do
            [ -e "$run/result.json" ] || continue
            echo "$run"
            cksum <"$run/checkpoint.bin"
            sed 's/,"tokens_per_s":[^}]*//' "$run/log.jsonl" | cksum
            grep -vE 'wall_s|tokens_per_s' "$run/result.json" | cksum
        done
        cut -d, -f1-21,24- results.csv | cksum
    )
}

sweep() {
    local out=$1
    shift
    local log=${out//\//-}.txt
    "$plateau" sweep "$tiny" "${often[@]}" --out "$out" "$@" >"$log" 2>&1 || fail "sweep $out: exit code $?: $(tail -n 3 "$log")"
}

undisturbed() {
    sweep whole --jobs 1
    [ "$(find whole -name result.json | wc -l)" = 9 ] || fail "not nine results"
    [ "$(wc -l <whole/results.csv)" = 10 ] || fail "not ten lines in results.csv"
    grep -q '^Verdict' whole.txt || fail "no verdict"
    grep -q 'exact floor of this language' whole.txt || fail "the true floor is not printed"
    for chart in curves loss_tokens loss_params excess; do
        [ -s "whole/charts/$chart.png" ] && [ -s "whole/charts/$chart.svg" ] || fail "no chart $chart"
    done
}

two_jobs() {
    sweep two --jobs 2
    [ "$(digest whole)" = "$(digest two)" ] || fail "two jobs differ from one"
}

two_threads() {
    local n
    # a system that gives fewer threads than were asked for, as a build without OpenMP does
    OMP_THREAD_LIMIT=1 timeout -k 5 60 "$plateau" train "$tiny" --set model.d_model=8 --set model.n_layer=1 --set train.tokens=20k --threads 2 \
        --out limited >/dev/null 2>&1 || fail "exit code $? where the system gives one thread"
    for n in 1 2; do
        OMP_NUM_THREADS=$n "$plateau" train "$tiny" --set model.d_model=20 --set model.n_head=2 --set model.n_layer=2 \
            --set train.tokens=100k --threads $n --out threads$n >/dev/null 2>&1 || fail "train with $n threads"
    done
    cmp -s threads1/*/checkpoint.bin threads2/*/checkpoint.bin || fail "weights of two threads differ from one"
    diff <(grep '"loss' threads1/*/result.json) <(grep '"loss' threads2/*/result.json) >/dev/null ||
        fail "losses of two threads differ from one"
}

finished() {
    local before after
    before=$(find whole -type f -exec cksum {} + | sort)
    sweep whole --jobs 2
    after=$(find whole -type f -exec cksum {} + | sort)
    [ "$before" = "$after" ] || fail "a finished sweep was changed"
    "$plateau" status whole | tail -n 1 | grep -q '9 of 9 runs done.*nothing is left' || fail "status does not say that all is done"
    "$plateau" status whole | grep -q '^sweep .*100 %  9/9 runs' || fail "status does not show the sweep's line"
    grep -q 'nothing to train' whole.txt || fail "it does not say that there is nothing to do"
}

# Parent, one child or all at a random moment, a hundred times; SOAK_SEED repeats a run.
killed() {
    "$root/scripts/soak" --plateau "$plateau" --kills "${SOAK_KILLS:-20}" --seed "${SOAK_SEED:-$((RANDOM + 1))}" -- \
        --set 'grid.tokens=["20k","60k","240k"]' >soak.txt 2>&1 || fail "$(cat soak.txt)"
    echo "  $(tail -n 1 soak.txt)"
}

# As by the kernel for want of memory: the sweep says so, ends the others, and the same command goes on.
child_killed() {
    local pid child code
    local grid=(--set 'grid.tokens=["40k","400k"]' --set train.warmup_tokens=4k) # two runs share each trunk
    "$plateau" sweep "$tiny" "${grid[@]}" --out lost --jobs 2 >lost.txt 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        child=$(children_of "$pid" | head -n 1)
        [ -n "$child" ] && break
        sleep 0.01
    done
    kill -KILL "$child" || { fail "no child to kill"; return; }
    wait "$pid"
    code=$?
    [ "$code" = 1 ] || fail "exit code $code when a child was killed: $(cat lost.txt)"
    grep -q 'killed by signal 9 (Killed: .*want of memory)' lost.txt || fail "it does not say that a process was killed: $(cat lost.txt)"
    [ "$(wc -l <lost/results.csv)" = 5 ] || fail "the other runs were not trained"
    sweep lost --jobs 2 "${grid[@]}"
    sweep kept --jobs 1 "${grid[@]}"
    [ "$(digest kept)" = "$(digest lost)" ] || fail "it ends with other results"
}

# begun SECONDS|LOGS: wait so long, or until one of the logs has a step, on a machine however slow, and a second more.
begun() {
    local tries=0
    case $1 in
    *log.jsonl)
        until compgen -G "$1" >/dev/null && grep -qs '"type":"step"' $1; do
            sleep 0.1
            [ $((tries += 1)) -lt 1200 ] || return
        done
        sleep 1
        ;;
    *) sleep "$1" ;;
    esac
}

# interrupt SECONDS|LOGS COMMAND...: SIGINT after that time; 130, and the words that go on with it. It ends within the
# step or the part of an evaluation that it is in: 2 s are printed below, 15 are a wait for more than that.
interrupt() {
    local after=$1 pid code began
    shift
    "$@" >stop.txt 2>&1 &
    pid=$!
    begun "$after"
    began=$(date +%s%N)
    kill -INT "$pid"
    wait "$pid"
    code=$?
    took_ms=$((($(date +%s%N) - began) / 1000000))
    [ "$code" = 130 ] || fail "exit code $code after Ctrl-C: $(tail -n 1 stop.txt)"
    [ "$took_ms" -lt 15000 ] || fail "Ctrl-C took $took_ms ms"
}

interrupted() {
    interrupt 0.5 "$plateau" sweep "$tiny" "${often[@]}" --set 'grid.tokens=["20M"]' --out stop --jobs 2 --fresh
    # the command that was typed, as a shell takes it: run again, it goes on
    local again code
    again=$(sed -n 's/.*Go on with: //p' stop.txt)
    grep -qF -- "--set train.checkpoint_s=0.01 --set train.warmup_tokens=3072 --set 'grid.tokens=[\"20M\"]' --out stop --jobs 2" <<<"$again" || fail "not what was typed: $again"
    (eval "timeout -s INT 1 $again") >stop2.txt 2>&1
    code=$?
    [ "$code" = 130 ] || [ "$code" = 124 ] || fail "the command that it names does not go on: $(tail -n 1 stop2.txt)"
    [ -n "$(find stop -name checkpoint.bin)" ] || fail "nothing was kept"
}

# The largest model of laptop.json: while it trains, and in the middle of a long evaluation.
interrupted_large() {
    local large=(--set 'grid.models=[{"d_model":192,"n_layer":2}]' --set 'grid.seeds=[1,2]')
    interrupt 'large/*/log.jsonl' "$plateau" sweep "$root/configs/laptop.json" "${large[@]}" --out large
    echo "  in training: $took_ms ms"
    [ -n "$(find large -name checkpoint.bin)" ] || fail "nothing was kept"
    interrupt 'long/*/log.jsonl' "$plateau" sweep "$root/configs/laptop.json" "${large[@]}" --set data.eval_tokens=20M --set 'grid.flops=["2e10"]' --out long
    echo "  in an evaluation: $took_ms ms"
    [ -n "$(find long -name checkpoint.bin)" ] || fail "nothing was kept of an evaluation"
}

# Stopped again and again, mostly in the evaluations along its curve, a run ends like any other.
interrupted_often() {
    local code i one=(--set train.warmup_tokens=3072 --set 'grid.models=[{"d_model":8,"n_layer":1}]' --set 'grid.tokens=["160k"]' --set data.eval_tokens=5M)
    for i in $(seq 15); do
        "$plateau" sweep "$tiny" "${one[@]}" --out nagged --jobs 1 >nagged.txt 2>&1 &
        sleep "0.$(printf %02d $((i * 7 % 20 + 3)))"
        kill -INT $!
        wait $!
        code=$?
        [ "$code" = 0 ] && break
        [ "$code" = 130 ] || fail "exit code $code"
    done 2>/dev/null
    sweep nagged "${one[@]}"
    sweep steady "${one[@]}"
    [ "$(digest steady)" = "$(digest nagged)" ] || fail "other results"
}

alone() {
    local model='grid.models=[{"d_model":16,"n_layer":1}]'
    sweep one --set "$model" --set 'grid.tokens=["80k"]'
    sweep many --set "$model" --set 'grid.tokens=["80k","160k"]' --set train.warmup_tokens=4k
    sweep one2 --set "$model" --set 'grid.tokens=["80k"]' --set train.warmup_tokens=4k
    local run
    run=$(basename "$(find one2 -name 'd16-*' -type d)")
    cmp -s "one2/$run/checkpoint.bin" "many/$run/checkpoint.bin" || fail "a branch differs from the run alone"
}

# Six sizes at six budgets, each twice the one before: few more than half the tokens, and every run as if alone.
six_by_six() {
    local models='grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1},{"d_model":24,"n_layer":1},{"d_model":8,"n_layer":2},{"d_model":16,"n_layer":2},{"d_model":24,"n_layer":2}]'
    local same=(--set "$models" --set train.warmup_tokens=4096) percent budget run
    sweep grid "${same[@]}" --set 'grid.tokens=[8192,16384,32768,65536,131072,262144]'
    percent=$(sed -nE 's/.*tokens, ([0-9.]+) % of the .* without shared trunks/\1/p' grid.txt)
    awk -v p="${percent:-100}" 'BEGIN { exit !(p <= 62) }' || fail "$percent % of the tokens of separate runs"
    echo "  shared trunks: $percent % of the tokens of separate runs"
    for budget in 8192 16384 32768 65536 131072 262144; do
        sweep separate "${same[@]}" --set "grid.tokens=[$budget]"
    done
    for run in grid/d*; do
        cmp -s "$run/checkpoint.bin" "separate/${run#*/}/checkpoint.bin" || fail "${run#*/}: other weights than alone"
        cmp -s <(sed 's/,"tokens_per_s":[^}]*//' "$run/log.jsonl") \
            <(sed 's/,"tokens_per_s":[^}]*//' "separate/${run#*/}/log.jsonl") || fail "${run#*/}: another log than alone"
        cmp -s <(grep '"loss' "$run/result.json") <(grep '"loss' "separate/${run#*/}/result.json") ||
            fail "${run#*/}: another loss than alone"
    done
    [ "$(find separate -name result.json | wc -l)" = 36 ] || fail "not 36 runs"
}

# What stands on a terminal of that width while a sweep runs: no line may be wider.
on_terminal() {
    local out=$1 columns=$2 locale=$3
    TERM=xterm script -qec "stty cols $columns rows 24; LC_ALL=$locale '$plateau' sweep '$tiny' --set 'grid.tokens=[\"20k\",\"400k\"]' --out '$out'" /dev/null >"$out.raw" </dev/null 2>&1
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
    grep -q '^d24-l2-s1  █.*/.* *loss .*tokens/s' utf120.lines || fail "no line of a trajectory: $(tail -n 3 utf120.lines)"
    grep -q '^sweep .*/6 runs .* left' utf120.lines || fail "no line of the sweep: $(tail -n 3 utf120.lines)"
    grep -q '^d24-l2-s1 *\[#*\.*\] .*/' ascii40.lines || fail "no trajectory at 40 columns: $(tail -n 3 ascii40.lines)"
    LC_ALL=C grep -q '[^ -~]' ascii120.lines && fail "beyond ASCII in the C locale"
    grep -q '^[# .]*.*6/6 runs' ascii40.lines || fail "the end is not shown"
    # a terminal that becomes narrow in the middle
    TERM=xterm script -qec "stty cols 120 rows 24; (sleep 0.6; stty cols 40 </dev/tty; printf MARK >/dev/tty) & LC_ALL=C timeout --foreground -s INT 2 '$plateau' sweep '$tiny' --set 'grid.tokens=[\"200M\"]' --out narrow" /dev/null >narrow.raw </dev/null 2>&1
    sed 's/\x1b\[[0-9]*A/\n/g; s/\x1b\[J/\n/g' narrow.raw | tr '\r' '\n' | sed '1,/MARK/d' | sed -n 's/\x1b\[K$//p' >narrow.lines
    [ -s narrow.lines ] || fail "nothing is drawn after the terminal changed"
    [ "$(wc -L <narrow.lines)" -lt 40 ] || fail "lines stay wide when the terminal becomes narrow"
    # no terminal: no escape sequences
    sweep plain --set 'grid.tokens=["40k"]'
    grep -q $'\x1b' plain.txt && fail "escape sequences in a file"
    grep -q '3/3 runs' plain.txt || fail "no plain line: $(cat plain.txt)"
}

event_files() {
    command -v python3 >/dev/null || { skip "no python3 to read event files: install python3"; return; }
    interrupt 0.3 "$plateau" sweep "$tiny" --set 'grid.tokens=["80k","1M"]' --tensorboard --out events --jobs 2
    "$plateau" sweep "$tiny" --set 'grid.tokens=["80k","1M"]' --tensorboard --out events --jobs 2 >events.txt 2>&1 || fail "exit code $?"
    "$root/scripts/check_tensorboard" events >events.txt || fail "$(cat events.txt)"
    grep -q '^6 event files' events.txt || fail "not six event files: $(cat events.txt)"
    echo "  $(cat events.txt)"
    # for runs that are done, and for a file that was cut short or damaged
    cp -r whole late
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "$(cat late-events.txt)"
    local file
    file=$(find late -name '*tfevents*' | head -n 1)
    cp "$file" good
    head -c 700 good >"$file"
    "$root/scripts/check_tensorboard" late >/dev/null && fail "the reader takes a file that is cut short"
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "not completed: $(cat late-events.txt)"
    cmp -s <(head -c 600 good) <(head -c 600 "$file") || fail "what was there was not kept"
    printf 'x' | dd of="$file" bs=1 seek=300 conv=notrunc 2>/dev/null
    "$root/scripts/check_tensorboard" late >/dev/null && fail "the reader takes a damaged file"
    sweep late --tensorboard
    "$root/scripts/check_tensorboard" late >late-events.txt || fail "not mended: $(cat late-events.txt)"
    [ "$(digest whole)" = "$(digest late)" ] || fail "--tensorboard changes results"
    sweep late --fresh
    [ -z "$(find late -name '*tfevents*')" ] || fail "old event files stay with --fresh"
}

# The same cell of the grid under another config is refused; other cells are welcome.
changed_config() {
    local code before after
    before=$(find whole -type f -exec cksum {} + | sort)
    "$plateau" sweep "$tiny" "${often[@]}" --set train.lr=0.004 --out whole >changed.txt 2>&1
    code=$?
    [ "$code" = 2 ] || fail "exit code $code with another learning rate"
    grep -q 'train.lr 0.008 -> 0.004' changed.txt || fail "the difference is not named: $(cat changed.txt)"
    after=$(find whole -type f -exec cksum {} + | sort)
    [ "$before" = "$after" ] || fail "the folder was changed"
    cp -r whole grown
    sweep grown --set 'grid.tokens=["40k","80k","160k","320k"]'
    [ "$(wc -l <grown/results.csv)" = 13 ] || fail "a grid that grew has not 12 runs"
}

diverged() {
    "$plateau" sweep "$tiny" --set train.lr=10 --set train.clip=0 --out wild >wild.txt 2>&1
    [ $? = 1 ] || fail "a sweep whose runs all diverged has not failed"
    grep -q '9 runs diverged' wild.txt || fail "it does not say that runs diverged"
    [ "$(cut -d, -f2 wild/results.csv | sort -u | tr '\n' ' ')" = "diverged status " ] || fail "not every run is marked diverged"
    [ "$(cut -d, -f19 wild/results.csv | sort -u | tr -d '\n')" = "loss" ] || fail "a run that diverged has a loss"
}

# A disk that fills up, and has room again.
disk_full() {
    local code
    mkdir -p small
    mount -t tmpfs -o size=400k tmpfs small 2>/dev/null || { skip "no right to mount a small disk"; return; }
    "$plateau" sweep "$tiny" "${often[@]}" --out small/x >full.txt 2>&1
    code=$?
    [ "$code" = 3 ] || fail "exit code $code on a full disk"
    tail -n 1 full.txt | grep -q 'No space left on device' || fail "the reason is not named: $(tail -n 1 full.txt)"
    [ -z "$(find small -name '*.tmp*')" ] || fail "temporary files stayed"
    mount -o remount,size=50M small
    sweep small/x
    [ "$(digest whole)" = "$(digest small/x)" ] || fail "a sweep after a full disk differs"
    umount small
}

# A plan from a fit: what it says at a budget of compute is what it finds for the loss at that budget.
planned() {
    local loss flops
    "$plateau" plan whole --flops 1e11 >plan.txt 2>&1 || fail "exit code $?: $(cat plan.txt)"
    grep -q 'nearest shape' plan.txt && grep -q 'on .* core' plan.txt || fail "no shape or no time"
    loss=$(sed -nE 's/^  loss +([0-9.]+).*/\1/p' plan.txt)
    flops=$("$plateau" plan whole --loss "$loss" | sed -nE 's/^For ([0-9.e+]+) FLOPs.*/\1/p')
    awk -v f="$flops" 'BEGIN { exit !(f > 0.9e11 && f < 1.1e11) }' || fail "loss $loss is planned at $flops, not 1e11"
    "$plateau" plan whole --loss 1e-9 >plan.txt 2>&1 && fail "a loss below any floor can be planned"
    "$plateau" plan whole >plan.txt 2>&1 && fail "a plan without a budget"
    grep -q 'give one of' plan.txt || fail "no clear error: $(cat plan.txt)"
}

locked() {
    "$plateau" sweep "$tiny" --set 'grid.tokens=["40M"]' --out busy --jobs 1 >/dev/null 2>&1 &
    local pid=$! code
    # the time left is shown once enough has been trained to tell
    for _ in $(seq 100); do
        "$plateau" status busy >busy.txt 2>&1
        grep -q '^sweep .* left' busy.txt && break
        sleep 0.2
    done
    tail -n 1 busy.txt | grep -q 'a sweep is at work here' || fail "status does not see the sweep"
    grep -q '^d24-l2-s1 .*/40M .*tokens/s' busy.txt || fail "status does not show the trajectory at work: $(tail -n 3 busy.txt)"
    grep -q '^sweep .*0/3 runs .*left' busy.txt || fail "status does not show the sweep's line: $(tail -n 3 busy.txt)"
    "$plateau" sweep "$tiny" --set 'grid.tokens=["40M"]' --out busy >busy.txt 2>&1
    code=$?
    kill -INT "$pid"
    wait "$pid"
    "$plateau" status busy | tail -n 1 | grep -q 'no sweep is at work' || fail "status sees a sweep that has ended"
    [ "$code" = 3 ] || fail "exit code $code of a second sweep in one folder"
}

tests=${SWEEP_TESTS:-}
for t in ${tests:-undisturbed two_jobs two_threads finished killed child_killed interrupted interrupted_large interrupted_often alone six_by_six \
    live_view event_files changed_config diverged disk_full planned locked}; do
    run_test "$t"
done
finish
