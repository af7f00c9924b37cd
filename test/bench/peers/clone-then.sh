#!/bin/bash
# clone-then.sh URL FOLDER PROGRAM [ARG...]: one clone, then the program that makes the session.
set -eu
git clone --quiet -- "$1" "$2"
shift 2
exec "$@"
