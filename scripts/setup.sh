# Sourced by demo and test: find or install what a build needs. Sets ROOT, the source folder.
# Installs with apt as root or through sudo; on other systems it prints the line to run and stops.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

have_all() {
    command -v meson >/dev/null && command -v ninja >/dev/null && command -v pkg-config >/dev/null &&
        { command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null; } &&
        pkg-config --exists libcjson stb && [ -n "$(find_font)" ]
}

find_font() {
    local f
    for f in /usr/share/fonts/truetype/dejavu /usr/share/fonts/dejavu-sans-fonts /usr/share/fonts/TTF \
        /usr/share/fonts/dejavu; do
        [ -r "$f/DejaVuSans.ttf" ] && { echo "$f/DejaVuSans.ttf"; return; }
    done
}

# as_root COMMAND...: run it as root, through sudo where needed.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "plateau: not root and no sudo; run as root: $*" >&2
        exit 3
    fi
}

# apt_install PACKAGE...: the package lists are fetched first, as a bare machine has none.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
        --no-install-recommends "$@" >/dev/null || {
        echo "plateau: apt-get could not install: $*" >&2
        exit 3
    }
}

install_dependencies() {
    have_all && return
    if command -v apt-get >/dev/null; then
        echo "installing the build's packages with apt" >&2
        apt_install gcc libc6-dev meson ninja-build pkg-config libcjson-dev libstb-dev fonts-dejavu-core
    else
        echo "plateau: some of these are missing; install them and run this again:" >&2
        if command -v dnf >/dev/null; then
            echo "  sudo dnf install gcc meson ninja-build pkgconf cjson-devel stb-devel dejavu-sans-fonts" >&2
        elif command -v pacman >/dev/null; then
            echo "  sudo pacman -S --needed gcc meson ninja pkgconf cjson stb ttf-dejavu" >&2
        elif command -v brew >/dev/null; then
            echo "  brew install meson ninja pkgconf cjson stb libomp font-dejavu" >&2
        else
            echo "  a C compiler, meson >= 1.0, ninja, pkg-config, cJSON, stb, the DejaVu Sans font" >&2
        fi
        exit 3
    fi
    have_all || { echo "plateau: packages are still missing after the installation" >&2; exit 3; }
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
