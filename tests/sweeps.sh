# Sourced by the tests of whole sweeps, after shell.sh: how one is run, interrupted and compared.
tiny=$(tiny_config)
# a warm-up of one length, with which every budget of a size shares its trunk and the runs settle a law; few resamples, for speed
often=(--set fit.bootstrap=20 --set train.checkpoint_s=0.01 --set train.warmup_tokens=3072)

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

# The same without charts, which take longer than all else in a small sweep: a file stands where they would go.
bare_sweep() {
    mkdir -p "$1"
    touch "$1/charts"
    "$plateau" sweep "$tiny" "${often[@]}" --out "$@" >"$1.txt" 2>&1
    [ $? = 3 ] || fail "sweep $1: $(tail -n 3 "$1.txt")"
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
# step or the part of an evaluation that it is in: 2 s are printed below; two minutes, on a machine that others have, are a wait for
# more than that.
interrupt() {
    local after=$1 pid code began
    shift
    "$@" >stop.txt 2>&1 &
    pid=$!
    begun "$after"
    began=$(now_ms)
    kill -INT "$pid"
    wait "$pid"
    code=$?
    took_ms=$(($(now_ms) - began))
    [ "$code" = 130 ] || fail "exit code $code after Ctrl-C: $(tail -n 1 stop.txt)"
    [ "$took_ms" -lt 120000 ] || fail "Ctrl-C took $took_ms ms"
}
