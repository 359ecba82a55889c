#!/usr/bin/env bash
# The compiler of scripts/check_ports for one macOS processor: clang from PyPI's ziglang, which brings the headers and the
# libraries to link with. PORT_TARGET names the processor, PORT_PYTHON a Python that has ziglang.
# Meson asks the linker for its name by two calls. These are the answers of Apple's, whose options zig takes: its own name is
# not known to every meson.
case " $* " in
*" -Wl,--version "*) echo "ld: unknown option: --version" >&2; exit 1 ;;
*" -Wl,-v "*) echo "@(#)PROGRAM:ld PROJECT:ld64-1" >&2; exit ;;
esac
args=()
for a in "$@"; do
    [ "$a" = -Wl,-fatal_warnings ] || args+=("$a") # what newer mesons add for Apple's, and zig does not know
done
exec "${PORT_PYTHON:-python3}" -m ziglang cc -target "$PORT_TARGET" "${args[@]}"
