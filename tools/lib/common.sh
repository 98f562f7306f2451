# shellcheck shell=bash
# What the scripts of tools/ share: where the checkout is, how to talk to a person, how many cores there are.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cores=$(nproc)
# What was compiled in one checkout serves another.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1

# Colour is for people: only on a terminal, and never when NO_COLOR asks for none.
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' yellow='' plain=''
fi
export root cores bold dim red green yellow plain

say() { printf '%s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

usage_error() {
  printf '%s: %s (--help says more)\n' "$(basename "$0")" "$*" >&2
  exit 2
}

# The comment that a script opens with is its --help.
show_help() {
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

duration() {
  local seconds=$1
  if ((seconds < 60)); then printf '%ds' "$seconds"; else printf '%dm%02ds' $((seconds / 60)) $((seconds % 60)); fi
}
