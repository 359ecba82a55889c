#!/usr/bin/env bash
# The live page: plateau serve, and plateau sweep --serve, asked by bash itself.
. "$(dirname "$0")/shell.sh"
. "$root/tests/sweeps.sh"

# say PORT TEXT: send this (printf's escapes), print what comes.
say() {
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    # shellcheck disable=SC2059 # the text is a format on purpose
    printf "$2" >&3 2>/dev/null
    timeout 10 cat <&3
    exec 3>&-
}

# ask PORT PATH: the whole answer.
ask() {
    say "$1" "GET $2 HTTP/1.1\r\nHost: localhost:$1\r\nConnection: close\r\n\r\n"
}

body() {
    ask "$1" "$2" | sed '1,/^\r$/d'
}

# serve ARGS...: a server in the background; $server and $port are set, its words are in serve.txt.
serve() {
    rm -f serve.txt
    "$plateau" serve "$@" >serve.out 2>serve.txt &
    server=$!
    wait_port serve.txt
}

# wait_port FILE: until a server says in it where it listens.
wait_port() {
    local i
    port=
    for i in $(seq 4000); do
        port=$(sed -n 's,.*http://127\.0\.0\.1:\([0-9]*\)/.*,\1,p' "$1" 2>/dev/null | head -n 1)
        [ -n "$port" ] && return 0
        sleep 0.05
    done
    fail "no server: $(cat "$1")"
    return 1
}

# stop_server: by Ctrl-C, which is no failure.
stop_server() {
    local code
    kill -INT "$server"
    wait "$server"
    code=$?
    [ "$code" = 130 ] || fail "exit code $code after SIGINT"
}

shows() {
    body "$port" "$1" | grep -q "$2"
}

# A folder of nine finished runs, made once.
finished() {
    [ -d done9 ] || sweep done9 >/dev/null
}

begins() {
    local answer=$1 want=$2 what=$3
    [[ "$answer" == "HTTP/1.1 $want "* ]] || fail "$what: ${answer%%$'\r'*}, not $want"
}

routes() {
    finished
    serve done9 --port 0 || return
    patiently shows / 'id="answer"' || fail "no page: $(ask "$port" / | head -n 20)"
    shows / 'Ended</strong>: 9 of 9 runs done' || fail "the page does not say that all is done"
    shows /live/runs '<td>d16-l1-t.*<td>done</td>' || fail "no run in the table"
    shows /live/curves '<svg' || fail "no picture of the curves"
    ask "$port" /results.csv | sed '1,/^\r$/d' | cmp -s - done9/results.csv || fail "results.csv is not the file"
    body "$port" /fit.json | cmp -s - done9/fit.json || fail "fit.json is not the file"
    local head
    head=$(ask "$port" / | sed '/^\r$/q')
    for word in 'nosniff' "Content-Security-Policy: default-src 'none'" 'Cache-Control: no-cache' 'Connection: close' 'ETag: "'; do
        [[ "$head" == *"$word"* ]] || fail "no $word in $head"
    done
    local tag
    tag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' <<<"$head")
    begins "$(say "$port" "GET /results.csv HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: $(ask "$port" /results.csv | sed -n 's/^ETag: \(.*\)\r$/\1/p')\r\nConnection: close\r\n\r\n")" 304 "the same again"
    [ -n "$tag" ] || fail "no tag"
    [ "$(say "$port" "HEAD /results.csv HTTP/1.0\r\n\r\n" | sed '1,/^\r$/d' | wc -c)" = 0 ] || fail "HEAD has a body"
    [ -s serve.out ] && fail "something on stdout: $(head -n 1 serve.out)"
    stop_server
    grep -q 'no longer served' serve.txt || fail "no word at the end: $(cat serve.txt)"
}

# open_files PID: how many descriptors it has; 0 where no /proc tells.
open_files() { find "/proc/$1/fd" 2>/dev/null | wc -l; } # ports: 0

hostile() {
    finished
    serve done9 --port 0 || return
    ask "$port" / >/dev/null
    local before after i path
    before=$(open_files "$server")
    for path in /../../etc/passwd /%2e%2e/%2e%2e/etc/passwd //etc/passwd /etc/passwd /./results.csv /sweep.json /results.csv/ \
        /results.csv%%00 /live/../results.csv '/..\\..\\x' /live/ /LIVE/NOW /.lock "/$(printf '%0200d' 0)"; do
        begins "$(ask "$port" "$path")" 404 "$path"
    done
    for i in evil.org 'evil.org:80' '127.0.0.1.evil.org' '192.168.0.1' 'localhost.evil.org:7357' '[::2]'; do
        begins "$(say "$port" "GET / HTTP/1.1\r\nHost: $i\r\nConnection: close\r\n\r\n")" 403 "Host $i"
    done
    begins "$(say "$port" 'GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.org\r\n\r\n')" 403 "another origin"
    for i in 127.0.0.1 "localhost:$port" '[::1]:80'; do
        begins "$(say "$port" "GET / HTTP/1.1\r\nHost: $i\r\nConnection: close\r\n\r\n" | head -c 60)" 200 "Host $i"
    done
    for i in POST PUT DELETE OPTIONS; do
        begins "$(say "$port" "$i / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")" 405 "$i"
    done
    for i in 'nonsense\r\n\r\n' 'GET /\r\n\r\n' 'GET / HTTP/1.1\r\n\r\n' '\x16\x03\x01\x02' 'GET / HTTP/1.1\r\nHost: localhost\r\n x\r\n\r\n' \
        'GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n' 'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'; do
        begins "$(say "$port" "$i")" 400 "$i"
    done
    begins "$(say "$port" "GET / HTTP/1.1\r\nHost: localhost\r\nX: $(printf '%09000d' 0)\r\n\r\n")" 431 "a long header"
    # those who say nothing, or half a request, and stay
    local silent
    for i in 1 2 3; do
        exec 9<>"/dev/tcp/127.0.0.1/$port"
        [ "$i" = 1 ] || printf 'GET / HT' >&9
        exec 9>&-
    done
    begins "$(ask "$port" /results.csv)" 200 "after all that"
    patiently eval '[ "$(open_files "$server")" -le '"$before"' ]' ||
        fail "$(open_files "$server") descriptors, $before before"
    stop_server
}

# What lies outside cannot be reached through the folder either.
links() {
    finished
    rm -rf linked secret
    cp -r done9 linked
    mkdir secret
    echo 'TOP SECRET' >secret/results.csv
    cp -r "$(find done9 -maxdepth 1 -name 'd16-l1-*' | head -n 1)" secret/
    rm linked/results.csv
    ln -s ../secret/results.csv linked/results.csv
    serve linked --port 0 || return
    begins "$(ask "$port" /results.csv)" 404 "a linked table"
    patiently shows / 'id="answer"' || fail "no page"
    shows / SECRET && fail "the page shows what a link leads to"
    stop_server
    local run
    run=$(basename secret/d16-*)
    rm -rf linked && cp -r done9 linked
    rm -r "linked/$run" && ln -s "../secret/$run" "linked/$run"
    serve linked --port 0 || return
    body "$port" /live/runs | grep "$run" | grep -q '<td>done</td>' && fail "a linked run is shown"
    stop_server
}

ports() {
    finished
    serve done9 --port 0 || return
    "$plateau" serve done9 --port "$port" >busy.txt 2>&1
    [ $? = 2 ] && grep -q "port $port: something else listens there" busy.txt || fail "a busy port: $(cat busy.txt)"
    "$plateau" sweep "$tiny" --out busy --serve "$port" >busy.txt 2>&1
    [ $? = 2 ] && grep -q "port $port" busy.txt || fail "a busy port for a sweep: $(cat busy.txt)"
    [ -d busy ] && fail "a sweep has begun although its page could not be served"
    stop_server
    local word
    for word in "--port 65536" "--port x" "--port" "--port -1"; do
        # shellcheck disable=SC2086 # words
        "$plateau" serve done9 $word >busy.txt 2>&1
        [ $? = 2 ] && grep -q -- '--port' busy.txt || fail "$word: exit code is not 2, or no word of the port: $(cat busy.txt)"
    done
    "$plateau" serve >busy.txt 2>&1
    [ $? = 2 ] || fail "no folder: $(cat busy.txt)"
    "$plateau" serve "$tiny" --port 0 >busy.txt 2>&1
    [ $? = 2 ] && grep -q 'is no folder' busy.txt || fail "a file: $(cat busy.txt)"
    # one server has the usual port, or somebody else; two can be had side by side
    local first
    serve done9 || return
    first=$server word=$port
    serve done9 || return
    [ "$port" != "$word" ] || fail "two servers on port $port"
    stop_server
    server=$first
    stop_server
}

# A folder that does not exist yet, and the sweep that then begins in it, elsewhere.
elsewhere() {
    serve later --port 0 || return
    grep -q 'later is not there yet' serve.txt || fail "no word of a folder that is not there: $(cat serve.txt)"
    patiently shows / 'Waiting</strong>' || fail "no page of nothing: $(body "$port" /live/now)"
    "$plateau" sweep "$tiny" --set 'grid.tokens=["40k","80k"]' --jobs 1 --out later >later.txt 2>&1 || fail "$(cat later.txt)"
    patiently shows /live/now 'Ended</strong>: 6 of 6' || fail "its end is not shown: $(body "$port" /live/now)"
    patiently shows / 'from the 6 runs' || fail "the page is not that of six runs"
    # trained again: what was done is not
    rm -rf later
    patiently shows /live/now 'Waiting</strong>' || fail "it is still there: $(body "$port" /live/now)"
    stop_server
}

# with_page FOLDER TOKENS: a sweep with its page, whose server is its first child.
with_page() {
    "$plateau" sweep "$tiny" --out "$1" --jobs 1 --set "grid.tokens=$2" --serve 0 >"$1.txt" 2>&1 &
    pid=$!
}
served() { grep -qs 'http://127' "$1.txt"; }
some_done() {
    local n
    n=$(find "$1" -name result.json 2>/dev/null | wc -l)
    served "$1" && [ "$n" -ge 1 ] && [ "$n" -le 6 ]
}
none_done() { served "$1" && [ -d "$1" ] && ! compgen -G "$1/*/result.json" >/dev/null; }

# as_many FOLDER: so many runs are done on the page as in the folder.
as_many() {
    [ "$(body "$port" /live/runs | grep -c '<td>done</td>')" = "$(find "$1" -name result.json | wc -l)" ]
}

# A run's end is on the page while the next one trains, and the sweep is the one that it would have been.
beside() {
    local pid code began
    finished
    catch some_done live9 with_page live9 "[\"40k\",\"80k\",\"$(fewer 240k 100k)\"]" || return
    wait_port live9.txt || return
    kill -CONT "$(children_of "$pid" | head -n 1)"
    began=$(now_ms)
    ask "$port" / >/dev/null
    patiently as_many live9 || fail "a run's end is not on the page"
    echo "  on the page after $(($(now_ms) - began)) ms"
    let_go "$pid"
    wait "$pid"
    code=$?
    [ "$code" = 0 ] || fail "exit code $code: $(cat live9.txt)"
    grep -q 'Verdict' live9.txt || fail "no verdict at the end: $(tail -n 3 live9.txt)"
    say "$port" 'GET / HTTP/1.0\r\n\r\n' >/dev/null 2>&1 && fail "the page is still served"
    mkdir -p alone9 beside9 && touch alone9/charts beside9/charts # as bare_sweep does
    "$plateau" sweep "$tiny" --out alone9 --jobs 1 >/dev/null 2>&1
    "$plateau" sweep "$tiny" --out beside9 --jobs 1 --serve 0 >/dev/null 2>&1
    [ "$(digest alone9)" = "$(digest beside9)" ] || fail "a sweep with a page is another sweep"
}

# The server dies: the sweep says so once and goes on. The sweep dies: so does the server.
deaths() {
    local pid sweep_pid server_pid code
    catch none_done dead9 with_page dead9 "[\"$(fewer 400k 100k)\"]" || return
    kill -KILL "$(children_of "$pid" | head -n 1)"
    let_go "$pid"
    wait "$pid"
    code=$?
    [ "$code" = 0 ] || fail "exit code $code: $(cat dead9.txt)"
    [ "$(grep -c "page's server was ended by signal 9" dead9.txt)" = 1 ] || fail "not said once: $(cat dead9.txt)"
    rm -rf dead9
    "$plateau" sweep "$tiny" --out dead9 --jobs 1 --set 'grid.tokens=["2G"]' --serve 0 >dead.txt 2>&1 &
    sweep_pid=$!
    wait_port dead.txt || return
    server_pid=$(children_of "$sweep_pid" | head -n 1)
    ask "$port" / >/dev/null
    kill -KILL "$sweep_pid"
    wait "$sweep_pid" 2>/dev/null
    # ports: a process that has ended may wait for somebody to ask how
    patiently eval '! kill -0 '"$server_pid"' 2>/dev/null || grep -q "^State:.Z" /proc/'"$server_pid"'/status 2>/dev/null' || # ports: one
        fail "the server outlives the sweep"
    rm -rf dead9
    "$plateau" sweep "$tiny" --out dead9 --jobs 1 --set 'grid.tokens=["2G"]' --serve 0 >dead.txt 2>&1 &
    sweep_pid=$!
    wait_port dead.txt || return
    ask "$port" / >/dev/null
    kill -INT "$sweep_pid"
    wait "$sweep_pid"
    code=$?
    [ "$code" = 130 ] || fail "exit code $code after SIGINT: $(cat dead.txt)"
    say "$port" 'GET / HTTP/1.0\r\n\r\n' >/dev/null 2>&1 && fail "the page is still served after SIGINT"
}

# Names that somebody wrote come out as text: the folder's, as the sweep's own may hold no such letters.
escaped() {
    finished
    local out='a<b>&"c'
    rm -rf "$out" && cp -r done9 "$out"
    edit 's/"name":.*"tiny"/"name": "<script>alert(1)<\/script>&\\"x"/' "$out/sweep.json"
    unseal "$out/sweep.json"
    serve "$out" --port 0 || return
    patiently shows / 'id="answer"' || fail "no page: $(ask "$port" / | head -n 3)"
    local path
    for path in / /live/now /live/runs; do
        body "$port" "$path" >raw.txt
        grep -q '<script>alert\|a<b>' raw.txt && fail "$path: a name is not escaped: $(grep -m 1 '<script>alert\|a<b>' raw.txt)"
    done
    shows /live/now 'a&lt;b&gt;&amp;' || fail "no name of the folder: $(body "$port" /live/now)"
    stop_server
}

tiny=$(tiny_config)
for t in routes hostile links ports elsewhere beside deaths escaped; do
    run_test "$t"
done
finish
