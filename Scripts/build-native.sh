#!/usr/bin/env bash
# Compiles Native/*.cpp, the only code that sees LibTorch's headers, into one shared library.
#
#   Scripts/build-native.sh [FOLDER]     FOLDER/libctorch.so (.dylib on macOS); .deps/lib unless given
#   Scripts/build-native.sh FOLDER --tests   also FOLDER/libstandin.so, the second device that tests have
#
# LibTorch is .deps/torch, or the folder named by LIBTORCH. Swift is not needed, so the library can be built on
# a machine that has only PyTorch and a C++ compiler:
#   export LIBTORCH=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))')
#   Scripts/build-native.sh out
# A file is compiled again when it, any header or the LibTorch behind it changed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
fail() { echo "set-up: $*" >&2; exit 1; }

out=${1:-$root/.deps/lib}
mkdir -p "$out" || fail "cannot create the folder $out"
out=$(cd "$out" && pwd -P)
torch=${LIBTORCH:-$root/.deps/torch}
[ -f "$torch/include/ATen/ATen.h" ] ||
  fail "no LibTorch headers in $torch; run Scripts/libtorch.py, or set LIBTORCH"
torch=$(cd "$torch" && pwd -P)

compiler=${CXX:-$(command -v c++ || command -v clang++ || true)}
[ -n "$compiler" ] || fail "no C++ compiler found; install g++"
case $(uname -s) in
  Darwin)
    suffix=dylib jobs=$(sysctl -n hw.ncpu)
    shared=(-dynamiclib -install_name @rpath/libctorch.dylib) ;;
  *)
    suffix=so jobs=$(nproc)
    shared=(-shared -Wl,-soname,libctorch.so -Wl,--no-undefined -Wl,--allow-shlib-undefined) ;;
esac

flags=(-std=c++17 -O3 -fPIC -DNDEBUG -Wall -Wextra
  -I "$root/Native" -I "$root/Sources/CTorch/include"
  -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include")
libraries=(-L "$torch/lib" -ltorch_cpu -lc10 -Wl,-rpath,"$torch/lib")
# A CUDA build registers its device when its library is loaded; nothing here names a symbol of it.
if [ -f "$torch/lib/libtorch_cuda.so" ]; then
  libraries+=(-Wl,--no-as-needed -ltorch_cuda -lc10_cuda -Wl,--as-needed)
fi
avx2=(-mavx2 -mfma)
avx512=(-mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma)
x86=no
case $(uname -m) in
  x86_64 | amd64)
    x86=yes
    # Tells the dispatcher which variants exist; which of them runs is decided by the processor at run time.
    flags+=(-DCTORCH_AVX2=1 -DCTORCH_AVX512=1) ;;
esac

# Everything that is not a file but shapes the objects; a change of it compiles all of them again.
objects=$out/objects
key=$("$compiler" --version | head -n 1; echo "$compiler ${flags[*]} ${libraries[*]}"
  cat "$torch/include/torch/headeronly/version.h" "$root/Scripts/build-native.sh" | cksum
  ls -lndL "$torch"/lib/* | cksum)
if [ "$(cat "$objects/key" 2>/dev/null || true)" != "$key" ]; then
  rm -rf "$objects"
  mkdir -p "$objects"
  echo "$key" > "$objects/key"
fi

newest_header=
while IFS= read -r header; do
  if [ -z "$newest_header" ] || [ "$header" -nt "$newest_header" ]; then newest_header=$header; fi
done < <(find "$root/Native" "$root/Sources/CTorch/include" -name '*.h' -o -name '*.hpp')

# Compiles to a temporary name, so that an interrupted compiler leaves nothing that looks finished.
compile() {
  local source=$1 object=$2
  local extra=()
  case $source in
    *_avx2.cpp) extra=("${avx2[@]}") ;;
    *_avx512.cpp) extra=("${avx512[@]}") ;;
  esac
  echo "compiling ${source#"$root/"}" >&2
  "$compiler" "${flags[@]}" ${extra[@]+"${extra[@]}"} -c "$source" -o "$object.new" &&
    mv "$object.new" "$object"
}

wanted=() stale=()
for source in "$root"/Native/*.cpp; do
  [ -f "$source" ] || fail "no sources in $root/Native"
  case $source in *_avx2.cpp | *_avx512.cpp) [ $x86 = yes ] || continue ;; esac
  object=$objects/$(basename "$source" .cpp).o
  wanted+=("$object")
  # "Not older than" rather than "newer": a file saved while it was being compiled counts as changed.
  if ! [ "$object" -nt "$source" ] || { [ "$newest_header" ] && ! [ "$object" -nt "$newest_header" ]; }; then
    stale+=("$source")
  fi
done

running=()
failed=no
reap() { wait "${running[0]}" || failed=yes; running=(${running[@]+"${running[@]:1}"}); }
for source in ${stale[@]+"${stale[@]}"}; do
  [ ${#running[@]} -lt "$jobs" ] || reap
  compile "$source" "$objects/$(basename "$source" .cpp).o" &
  running+=($!)
done
while [ ${#running[@]} -gt 0 ]; do reap; done
[ $failed = no ] || fail "Native/ did not compile (see above)"

library=$out/libctorch.$suffix
linked=$(cat "$objects/linked" 2> /dev/null || true)
if [ ${#stale[@]} -gt 0 ] || ! [ -f "$library" ] || [ "$linked" != "${wanted[*]}" ]; then
  new=$out/.libctorch.$$.$suffix
  trap 'rm -f "$new"' EXIT
  "$compiler" "${shared[@]}" "${wanted[@]}" "${libraries[@]}" -o "$new" ||
    fail "the native library did not link (see above)"
  mv -f "$new" "$library"
  echo "${wanted[*]}" > "$objects/linked"
fi

# One file, used by tests alone: compiled again when it or LibTorch is newer.
standin=$out/libstandin.$suffix source=$root/Tests/StandInDevice/device.cpp
if [ "${2-}" = --tests ] && ! { [ "$standin" -nt "$source" ] && [ "$standin" -nt "$objects/key" ]; }; then
  echo "compiling ${source#"$root/"}" >&2
  new=$out/.libstandin.$$.$suffix
  trap 'rm -f "$new"' EXIT
  "$compiler" "${flags[@]}" -O1 "${shared[0]}" "$source" "${libraries[@]}" -o "$new" ||
    fail "the tests' second device did not compile (see above)"
  mv -f "$new" "$standin"
fi
