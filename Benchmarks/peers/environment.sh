# Sourced: a Python environment beside the benchmarks, made anew where its requirements are others than those it was made of.

# environment NAME REQUIREMENTS  ->  $here/NAME/bin/python
environment() {
  cmp -s "$here/$2" "$here/$1/ready" && return
  python3 -m venv --clear "$here/$1"
  "$here/$1/bin/pip" install --quiet -r "$here/$2" >&2
  cp "$here/$2" "$here/$1/ready"
}
