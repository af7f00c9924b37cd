#!/bin/sh
# pane.sh SESSION_FOLDER ROLE NEEDS INSTALL_HINT [PROGRAM [ARG...]]: the process of one pane.
#
# Runs PROGRAM with the session's environment, then gives a login shell; without PROGRAM, and for the role
# "terminal", the shell at once. Where NEEDS ("-": nothing) is not on PATH, says so and gives the shell. For the
# role "agent" each step is a line in SESSION_FOLDER/agent-events. Ctrl-C reaches PROGRAM and leaves this script
# alone; SIGHUP ends both.

# First, since the file may set any name.
if [ -r "$1/environment" ]; then
  # shellcheck source=/dev/null
  . "$1/environment"
fi

devorch_folder=$1
devorch_role=$2
devorch_needs=$3
devorch_hint=$4
shift 4

# Where Claude Code's own installer, pip and others put programs; a service's PATH lacks it.
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
case ":$PATH:" in
*":$HOME/.local/bin:"*) ;;
*) PATH=$PATH:$HOME/.local/bin ;;
esac
export PATH

record() {
  [ "$devorch_role" = agent ] || return 0
  { printf '%s %s\n' "$(date +%s%3N)" "$*" >>"$devorch_folder/agent-events"; } 2>/dev/null
}

# A word that can be pasted into a shell.
quoted() {
  case $1 in
  *[!A-Za-z0-9_./-]* | '') printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
  *) printf '%s' "$1" ;;
  esac
}

start_again() {
  if [ "$devorch_role" = agent ]; then
    printf 'sh '
    quoted "$devorch_folder/start-agent.sh"
  else
    for devorch_word; do
      quoted "$devorch_word"
      printf ' '
    done
  fi
}

login_shell() {
  trap - INT QUIT
  # A service's user may have a shell that only says that there is none.
  case ${SHELL:-} in
  '' | */nologin | */false) SHELL=/bin/sh ;;
  esac
  command -v "$SHELL" >/dev/null 2>&1 || SHELL=/bin/sh
  export SHELL
  exec "$SHELL" -l
}

if [ $# -eq 0 ] || [ "$devorch_role" = terminal ]; then
  login_shell
fi

if [ "$devorch_needs" != - ] && ! command -v "$devorch_needs" >/dev/null 2>&1; then
  record "missing $devorch_hint"
  printf '\n%s is not installed, so here is a shell instead.\n' "$devorch_needs"
  printf '  to install it:     %s\n' "$devorch_hint"
  printf '  to start it then:  %s\n\n' "$(start_again "$@")"
  login_shell
fi

# A caught signal is reset in PROGRAM (POSIX, exec), an ignored one would not be.
trap : INT QUIT
record started
"$@"
devorch_code=$?
record "exited $devorch_code"

# A program that was killed leaves the terminal raw, with the mouse reported and the cursor hidden.
stty sane 2>/dev/null
printf '\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1047l\033[?25h'
if [ "$devorch_role" = agent ]; then
  printf '\nthe agent ended with exit code %s; to start it again:  %s\n\n' "$devorch_code" "$(start_again)"
elif [ "$devorch_code" -ne 0 ]; then
  printf '\n%s ended with exit code %s; to start it again:  %s\n\n' "$1" "$devorch_code" "$(start_again "$@")"
fi
login_shell
