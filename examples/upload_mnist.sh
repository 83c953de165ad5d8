#!/usr/bin/env bash
# Uploads MNIST, or any other set in its format, from a directory with the four IDX files (gzipped or not):
#   train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz
# Prints the id of the training set and, on a second line, that of the test set.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
directory=$1
BASE=${BASE:-http://127.0.0.1:8080}

file() {
  for name in "$directory/$1.gz" "$directory/$1"; do
    if [ -f "$name" ]; then echo "$name"; return; fi
  done
  echo "$directory has no $1 or $1.gz" >&2
  return 1
}

upload() { # NAME PREFIX
  local images labels answer
  images=$(file "$2-images-idx3-ubyte")
  labels=$(file "$2-labels-idx1-ubyte")
  answer=$(curl -sS --fail-with-body ${API_KEY:+-H "Authorization: Bearer $API_KEY"} \
    -F "images=@$images" -F "labels=@$labels" "$BASE/v1/datasets?name=$1&format=idx") || {
    echo "$answer" >&2
    return 1
  }
  python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])' <<<"$answer"
}

upload mnist-train train
upload mnist-test t10k
