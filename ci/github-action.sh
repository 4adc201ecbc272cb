#!/usr/bin/env bash
# The step of action.yml: installs the bglint that lies beside it, and annotates the change with what it finds.
set -euo pipefail

python=$(command -v python3 || command -v python || true)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "::error title=bglint::bglint needs Python 3.11 or later; let actions/setup-python come before it"
    exit 2
fi

venv=${RUNNER_TEMP:?}/bglint
if [ ! -e "$venv/installed" ]; then
    "$python" -m venv "$venv"
    bin=$venv/bin
    [ -d "$bin" ] || bin=$venv/Scripts
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH"
    printf '%s\n' "$bin" >"$venv/installed"
fi
bin=$(<"$venv/installed")

# One argument a line; nothing in a line is expanded. Bash 3.2, which macOS has, knows no mapfile.
paths=()
while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -z "$line" ] || paths+=("$line")
done <<<"${BGLINT_PATHS:-.}"

arguments=()
while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -z "$line" ] || arguments+=("$line")
done <<<"${BGLINT_OPTIONS-}"
[ -z "${BGLINT_SINCE-}" ] || arguments+=("--since=$BGLINT_SINCE")
[ -z "${BGLINT_BASELINE-}" ] || arguments+=("--baseline=$BGLINT_BASELINE")
[ -z "${BGLINT_SARIF_FILE-}" ] || arguments+=(--output-format=sarif "--output-file=$BGLINT_SARIF_FILE")
arguments+=(--output-format=github)

cd -- "${BGLINT_WORKING_DIRECTORY:-.}"
exec "$bin/bglint" check "${arguments[@]}" -- "${paths[@]}"
