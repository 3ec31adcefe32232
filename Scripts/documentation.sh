#!/usr/bin/env bash
# Makes the pages of the library (DocC) in .build/documentation, from what the last build left.
#
#   Scripts/documentation.sh [debug|release]      release unless said
#
# Fails where a public declaration has no comment of its own or of the requirement that it meets, and where a link leads
# nowhere. To look at a page: python3 -m http.server -d .build/documentation/Torch, then /documentation/torch.
set -euo pipefail

root=$(cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.." && pwd -P)
built=$(realpath "$root/.build/${1:-release}")
out=$root/.build/documentation
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["unversionedTriple"])')
rm -rf "$out"
maps=()
for map in "$root"/Sources/*/module.modulemap "$built"/*.build/module.modulemap; do
  maps+=(-Xcc "-fmodule-map-file=$map")
done
maps+=(-I "$root/.build/checkouts/Yams/Sources/CYaml/include")
# A docc beside the compiler that `swift` stands for.
docc=$(command -v docc || xcrun --find docc)
problems=0
for module in Torch Formats Datasets Models MutualInformation Attacks Evaluation Selection Runs Reports Experiments; do
  graphs=$out/graphs/$module
  mkdir -p "$graphs"
  swift symbolgraph-extract -module-name $module -I "$built/Modules" -target "$target" -minimum-access-level public \
    -skip-synthesized-members -output-dir "$graphs" "${maps[@]}"
  python3 - "$module" "$graphs" << 'PY' || problems=1
import json, pathlib, sys

module, graphs = sys.argv[1], pathlib.Path(sys.argv[2])
bare = [(symbol["location"], ".".join(symbol["pathComponents"]))
        for path in sorted(graphs.glob("*.symbols.json")) for symbol in json.loads(path.read_text())["symbols"]
        if "location" in symbol and "docComment" not in symbol]
for place, name in bare:
    print(f"{place['uri'].split('/Sources/')[-1]}:{place['position']['line'] + 1}: {name} has no comment", file=sys.stderr)
sys.exit(bool(bare))
PY
  catalog=()
  if [ -d "$root/Sources/$module/$module.docc" ]; then catalog=("$root/Sources/$module/$module.docc"); fi
  "$docc" convert "${catalog[@]}" --additional-symbol-graph-dir "$graphs" --fallback-display-name $module \
    --fallback-bundle-identifier $module --transform-for-static-hosting --output-path "$out/$module" > "$out/$module.log" 2>&1
  if grep -E "doesn't exist at|not found in .* declaration|No symbol" "$out/$module.log" >&2; then problems=1; fi
done
exit $problems
