# shellcheck shell=bash
# Sourced by the other scripts: find or install what a build needs. Sets ROOT, the source folder, and CALLER, the
# folder that the script was called from. Installs with apt as root or through sudo; elsewhere it prints the line
# to run and stops.

CALLER=$PWD
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

apt_packages=(gcc libc6-dev meson ninja-build pkg-config libcjson-dev libstb-dev zlib1g-dev fonts-dejavu-core)

have_all() {
    command -v meson >/dev/null && command -v ninja >/dev/null && command -v pkg-config >/dev/null &&
        { command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null; } &&
        pkg-config --exists libcjson stb zlib && [ -n "$(find_font)" ]
}

find_font() {
    local f
    for f in /usr/share/fonts/truetype/dejavu /usr/share/fonts/dejavu-sans-fonts /usr/share/fonts/TTF \
        /usr/share/fonts/dejavu; do
        [ -r "$f/DejaVuSans.ttf" ] && { echo "$f/DejaVuSans.ttf"; return; }
    done
}

# give_up LINE...: what is to be run by somebody who may, and the end.
give_up() {
    echo "plateau: packages are missing; as an administrator run this once, then this script again:" >&2
    printf '  %s\n' "$@" >&2
    exit 3
}

# apt_install PACKAGE...: the package lists are fetched first, as a bare machine has none.
apt_install() {
    local as=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || give_up "apt-get update && apt-get install -y --no-install-recommends $*"
        as=(sudo)
        sudo -v || give_up "apt-get update && apt-get install -y --no-install-recommends $*"
    fi
    ${as[@]+"${as[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null || true
    ${as[@]+"${as[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
        --no-install-recommends "$@" >/dev/null || {
        echo "plateau: apt-get could not install: $*" >&2
        exit 3
    }
}

install_dependencies() {
    have_all && return
    if command -v apt-get >/dev/null; then
        echo "installing the build's packages with apt" >&2
        apt_install "${apt_packages[@]}"
    elif command -v dnf >/dev/null; then
        give_up "dnf install gcc meson ninja-build pkgconf cjson-devel stb-devel zlib-devel dejavu-sans-fonts"
    elif command -v pacman >/dev/null; then
        give_up "pacman -S --needed gcc meson ninja pkgconf cjson stb zlib ttf-dejavu"
    elif command -v brew >/dev/null; then
        give_up "brew install meson ninja pkgconf cjson stb libomp font-dejavu"
    else
        give_up "install a C compiler, meson >= 1.0, ninja, pkg-config, cJSON, stb, zlib and the DejaVu Sans font"
    fi
    have_all || { echo "plateau: packages are still missing after the installation" >&2; exit 3; }
}

# absolute PATH: as seen from where the script was called.
absolute() {
    case $1 in /*) echo "$1" ;; *) echo "$CALLER/$1" ;; esac
}

# writable FOLDER: can it, or the first folder above it that exists, be written to?
writable() {
    local dir=$1
    while [ ! -e "$dir" ] && [ ! -L "$dir" ]; do dir=$(dirname "$dir"); done
    [ -d "$dir" ] && [ -w "$dir" ]
}

# build FOLDER TARGET [meson options]: configure once, build, and show the output only where it fails.
build() {
    local dir=$1 target=$2 log
    shift 2
    log=$(mktemp)
    if { [ -f "$dir/build.ninja" ] || meson setup "$dir" "$ROOT" "$@"; } >"$log" 2>&1 &&
        ninja -C "$dir" "$target" >>"$log" 2>&1; then
        rm -f "$log"
        return
    fi
    cat "$log" >&2
    rm -f "$log"
    echo "plateau: the build in $dir failed" >&2
    exit 1
}
