# Makes a machine ready to build: system packages, LibTorch, the native library. Sourced by ./uae and ./test, which
# set `root`; afterwards plain `swift build` works as well. Speaks on stderr, and only when there is something to do.
# Written for Bash 3.2, which is what macOS has.
# shellcheck shell=bash disable=SC2154

fail() { echo "set-up: $*" >&2; exit 1; }

# What has to be there: how to see it, Debian's package (Ubuntu has the same names), Homebrew's formula.
requirements() {
  echo "command:git git git"
  echo "command:python3 python3 python3"
  # It gets LibTorch, unless that is on the machine already.
  [ -n "${LIBTORCH-}" ] || [ -e "$root/.deps/torch" ] || echo "module:pip python3-pip python3"
  echo "command:pkg-config pkg-config pkgconf"
  echo "pkg-config:zlib zlib1g-dev zlib"
  echo "pkg-config:libcrypto libssl-dev openssl@3"
  echo "pkg-config:libpng libpng-dev libpng"
  echo "pkg-config:libjpeg libjpeg-dev jpeg-turbo"
  echo "pkg-config:matio libmatio-dev libmatio"
  echo "pkg-config:hdf5 libhdf5-dev hdf5"
  if [ "$(uname -s)" != Darwin ]; then
    echo "command:c++ g++ -"
    [ -n "${SSL_CERT_FILE-}" ] || echo "file:/etc/ssl/certs ca-certificates -"
  fi
}

# Prints the names of the missing packages, each followed by a space.
missing_packages() {
  local test debian brew
  requirements | while read -r test debian brew; do
    case $test in
      command:*) command -v "${test#*:}" > /dev/null 2>&1 && continue ;;
      module:*) python3 -c "import ${test#*:}" > /dev/null 2>&1 && continue ;;
      file:*) [ -e "${test#*:}" ] && continue ;;
      pkg-config:*) pkg-config --exists "${test#*:}" > /dev/null 2>&1 && continue ;;
    esac
    if [ "$(uname -s)" = Darwin ]; then echo "$brew"; else echo "$debian"; fi
  done | tr '\n' ' '
}

install_packages() {
  local missing prefix
  if [ "$(uname -s)" = Darwin ] && command -v brew > /dev/null; then
    # Some formulae are not linked into Homebrew's prefix; SwiftPM looks there by itself, pkg-config has to be told.
    prefix=$(brew --prefix)
    export PKG_CONFIG_PATH="$prefix/opt/zlib/lib/pkgconfig:$prefix/opt/openssl@3/lib/pkgconfig:${PKG_CONFIG_PATH-}"
  fi
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(uname -s)" = Darwin ]; then fail "packages are missing: brew install ${missing% }"; fi
  command -v apt-get > /dev/null || fail "packages are missing (under Debian's names): ${missing% }"
  [ "$(id -u)" = 0 ] || fail "packages are missing: sudo apt-get install -y ${missing% }"
  echo "installing with apt-get: ${missing% }" >&2
  local apt=(apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends) log=$root/.deps/apt-get.log
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of package names
  { "${apt[@]}" update && "${apt[@]}" install $missing; } > "$log" 2>&1 < /dev/null ||
    fail "apt-get could not install ${missing% }: see $log"
}

# One set-up or build at a time in a checkout. The lock lives as long as file descriptor 9 is open.
lock() {
  exec 9> "$root/.deps/lock"
  python3 - 9 <<'PY' || fail "interrupted while waiting for another start of this checkout"
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("another start is setting up or building here: waiting for it", file=sys.stderr)
    try:
        fcntl.flock(9, fcntl.LOCK_EX)
    except KeyboardInterrupt:
        sys.exit(1)
PY
}

unlock() { exec 9>&-; }

# The system's part. Needs no lock: apt-get has its own.
prepare() {
  command -v swift > /dev/null ||
    fail "the Swift toolchain (6.3 or later) is not on the PATH: https://www.swift.org/install"
  mkdir -p "$root/.deps" 2> /dev/null || fail "cannot create $root/.deps"
  install_packages
}

# LibTorch and what is compiled against it, in .deps: wherever LibTorch came from, it is .deps/torch from then on.
#
#   provide_libtorch [--tests]    with what only the tests have
provide_libtorch() {
  python3 "$root/Scripts/libtorch.py" "$root/.deps" || exit 1
  env -u LIBTORCH "$root/Scripts/build-native.sh" "$root/.deps/lib" "$@" || exit 1
}

# Provides LibTorch while the Swift package, whose build needs none of it, is built.
#
#   build [--tests] FOLDER ARGUMENTS...    the package's folder, and what else `swift build` is told
build() {
  local tests=
  if [ "$1" = --tests ]; then tests=--tests && shift; fi
  swift build -c release --package-path "$@" >&2 &
  building=$!
  # shellcheck disable=SC2086 # an option or nothing
  provide_libtorch $tests
  wait "$building" || fail "the build failed (see above)"
  building=
}

# The build goes on by itself otherwise, where this ends before it.
building=
stop_building() { [ -z "$building" ] || kill "$building" 2> /dev/null || true; }
trap stop_building EXIT
