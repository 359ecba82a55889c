#!/usr/bin/env bash
# scripts/check: the tree keeps the rules of the house, and each offence planted in a small one is seen, with its place.
. "$(dirname "$0")/shell.sh"

# clean: a small tree that keeps every rule, in ./tree, begun anew.
clean() {
    rm -rf tree
    mkdir -p tree/src/{base,fit,plot,cli} tree/tests tree/scripts
    printf "lib = static_library(\n  'base',\n  'a.c',\n)\n" >tree/src/base/meson.build
    printf "sources = files('main.c')\n" >tree/src/cli/meson.build
    printf "unit_tests = {\n  'a': [],\n}\nbinary = {'cli': 60}\n" >tree/tests/meson.build
    printf '#ifndef A\n#define A\n#include <stddef.h>\nsize_t a_one(void);\n#endif\n' >tree/src/base/a.h
    printf '#ifndef F\n#define F\n#include "base/a.h"\n#endif\n' >tree/src/fit/f.h
    printf '#ifndef P\n#define P\nint p_one(void);\n#endif\n' >tree/src/plot/p.h
    printf '#include "base/a.h"\n\nsize_t a_one(void)\n{\n    return 1;\n}\n' >tree/src/base/a.c
    printf '#include "fit/f.h"\n#include "plot/p.h"\n\nint main(void)\n{\n    return 0;\n}\n' >tree/src/cli/main.c
    printf '#include "base/a.h"\n' >tree/tests/test_a.c
    : >tree/tests/test_cli.sh
}

# checked CODE [LINE]: what scripts/check says of ./tree: the exit code, and that line alone.
checked() {
    local code=0
    "$root/scripts/check" tree >out 2>err || code=$?
    [ "$code" = 77 ] && [ "$1" = 0 ] && code=0 # no compiler
    [ "$code" = "$1" ] || fail "exit code $code, expected $1: $(cat out err)"
    [ ! -s err ] || fail "beside it: $(cat err)"
    [ $# = 1 ] || [ "$(cat out)" = "$2" ] || fail "not '$2' alone: $(cat out)"
}

house() {
    local code=0
    "$root/scripts/check" >out 2>&1 || code=$?
    [ "$code" != 77 ] || { skip "no C compiler to compile headers with"; return; }
    [ "$code" = 0 ] || fail "$(wc -l <out) offences: $(cat out)"
}

layers() {
    clean
    checked 0
    echo '#include "plot/p.h"' >>tree/src/base/a.c
    checked 1 'src/base/a.c:7: base does not see plot: plot/p.h'
    clean
    printf '  #  include "plot/p.h"\n' >>tree/src/fit/f.h
    checked 1 'src/fit/f.h:5: fit does not see plot: plot/p.h'
    clean
    echo '#include "a.h"' >>tree/src/base/a.c
    checked 1 'src/base/a.c:7: includes a.h, not by its path from src'
    clean
    mkdir tree/src/attic
    echo 'int attic_one(void);' >tree/src/attic/x.h
    checked 1 'src/attic/x.h:1: attic is no room that scripts/check knows'
}

cycles() {
    clean
    printf '#ifndef B\n#define B\n#include "base/a.h"\n#endif\n' >tree/src/base/b.h
    printf '#ifndef C\n#define C\n#include "base/b.h"\n#endif\n' >tree/src/base/c.h
    checked 0
    echo '#include "base/c.h"' >>tree/src/base/a.h
    checked 1 "src/base/a.h:6: needs src/base/c, which needs it in turn: a circle of 3 modules
src/base/b.h:3: needs src/base/a, which needs it in turn: a circle of 3 modules
src/base/c.h:3: needs src/base/b, which needs it in turn: a circle of 3 modules"
    # through the files of a module: a.c needs b.h, b.c needs a.h
    clean
    printf '#ifndef B\n#define B\nint b_one(void);\n#endif\n' >tree/src/base/b.h
    printf '#include "base/b.h"\n#include "base/b_internal.h"\n' >tree/src/base/b.c
    printf '#ifndef BI\n#define BI\n#include "base/b.h"\n#endif\n' >tree/src/base/b_internal.h
    printf "lib = static_library(\n  'base',\n  'a.c',\n  'b.c',\n)\n" >tree/src/base/meson.build
    echo '#include "base/b.h"' >>tree/src/base/a.c
    checked 0
    echo '#include "base/a.h"' >>tree/src/base/b_internal.h
    checked 1 "src/base/a.c:7: needs src/base/b, which needs it in turn: a circle of 2 modules
src/base/b_internal.h:5: needs src/base/a, which needs it in turn: a circle of 2 modules"
    echo 'cycle | src/base/ 2 | for now' >tree/scripts/check.txt
    checked 0
    echo 'cycle | src/base/ 3 | for now' >tree/scripts/check.txt
    checked 1 'scripts/check.txt: 2 are enough: cycle | src/base/ 3'
    clean
    printf '#ifndef P\n#define P\n#include "plot/p.h"\n#endif\n' >tree/src/plot/p.h
    checked 1 'src/plot/p.h:3: includes itself'
}

headers() {
    command -v gcc >/dev/null || command -v "${CC:-cc}" >/dev/null || command -v clang >/dev/null || { skip "no C compiler"; return; }
    clean
    echo 'size_t p_two(void);' >>tree/src/plot/p.h
    checked 1
    grep -q "^src/plot/p.h:1: does not compile alone: .*unknown type name 'size_t'" out || fail "$(cat out)"
    clean
    echo 'int t_one(FILE *file);' >tree/tests/t.h
    checked 1
    grep -q '^tests/t.h:1: does not compile alone: .*FILE' out || fail "$(cat out)"
}

# Where there is no compiler it is said, and all else is looked at.
no_compiler() {
    local word code=0
    mkdir -p bin
    for word in bash awk sed grep sort find mktemp rm cat cut head tr dirname touch env; do
        ln -sf "$(command -v $word)" bin/
    done
    clean
    echo 'size_t p_two(void);' >>tree/src/plot/p.h
    PATH=$PWD/bin "$root/scripts/check" tree >out 2>&1 || code=$?
    [ "$code" = 77 ] && grep -q '^SKIP check: no C compiler' out || fail "exit code $code: $(cat out)"
    : >tree/src/base/b.c
    code=0
    PATH=$PWD/bin "$root/scripts/check" tree >out 2>&1 || code=$?
    [ "$code" = 1 ] && [ "$(cat out)" = 'src/base/b.c:1: in no meson.build' ] || fail "exit code $code: $(cat out)"
}

unlisted() {
    clean
    printf "# 'b.c' is not listed by a comment\n" >>tree/src/base/meson.build
    : >tree/src/base/b.c
    checked 1 'src/base/b.c:1: in no meson.build'
    clean
    : >tree/tests/test_new.sh
    checked 1 'tests/test_new.sh:1: in no meson.build'
    clean
    : >tree/tests/helper.c
    checked 1 'tests/helper.c:1: in no meson.build'
}

# function LINES: one of so many between its braces.
function_of() {
    printf '\nstatic int *a_long(int x,\n                   int y)\n{\n'
    for ((i = 0; i < $1; i++)); do echo '    x += y;'; done
    echo '}'
}

lengths() {
    clean
    function_of 60 >>tree/src/base/a.c
    checked 0
    function_of 61 >>tree/src/base/a.c
    checked 1 'src/base/a.c:75: a_long has 61 lines, 60 are allowed'
    clean
    for ((i = 0; i < 594; i++)); do echo; done >>tree/src/base/a.c
    checked 0
    echo >>tree/src/base/a.c
    checked 1 'src/base/a.c:601: a file of 601 lines, 600 are allowed'
    clean
    printf '// %0128dé\n' 0 >>tree/src/base/a.c # 132 columns, 133 bytes
    checked 0
    printf '// %0130d\n' 0 >>tree/src/base/a.c
    checked 1 'src/base/a.c:8: 133 columns, 132 are allowed'
}

let_off() {
    clean
    printf '// %0130d\n' 0 0 >>tree/src/base/a.c
    echo 'wide | src/base/a.c | a table # and why' >tree/scripts/check.txt
    checked 0
    echo 'wide | src/base/ 2 | from before' >tree/scripts/check.txt
    checked 0
    echo 'wide | src/base/ 1 | from before' >tree/scripts/check.txt
    checked 1
    [ "$(grep -c '^src/base/a.c:[78]: 133 columns, .* more than the 1 let off below src/base/' out)" = 2 ] || fail "$(cat out)"
    echo 'wide | src/base/a.c |' >tree/scripts/check.txt
    checked 1
    clean
    echo 'wide | src/base/a.c | a table' >tree/scripts/check.txt
    checked 1 'scripts/check.txt: no longer needed: wide | src/base/a.c'
    echo 'layer | src/base/a.c plot/p.h | for now' >tree/scripts/check.txt
    echo '#include "plot/p.h"' >>tree/src/base/a.c
    checked 0
}

for t in house layers cycles headers no_compiler unlisted lengths let_off; do
    run_test "$t"
done
finish
