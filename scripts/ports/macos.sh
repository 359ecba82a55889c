#!/usr/bin/env bash
# The compiler of scripts/check_ports for one macOS processor: clang from PyPI's ziglang, which brings the headers and the
# libraries to link with. PORT_TARGET names the processor, PORT_PYTHON a Python that has ziglang.
exec "${PORT_PYTHON:-python3}" -m ziglang cc -target "$PORT_TARGET" "$@"
