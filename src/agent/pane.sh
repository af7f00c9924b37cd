#!/bin/sh
# pane.sh SESSION_FOLDER ROLE NEEDS INSTALL_HINT [--resume TIMES] [--pane NAME ENDED] [PROGRAM [ARG...]]: the process of
# one pane.
#
# Runs PROGRAM with the environment of its role, SESSION_FOLDER/environment-ROLE. When it has ended, however that came,
# the pane says its exit code and waits for a key: r starts it again, any other gives a login shell. Without PROGRAM, and
# for the role "terminal", the shell at once. Where NEEDS ("-": nothing) is not on PATH, says so and gives the shell. For
# the role "agent" each step is a line in SESSION_FOLDER/agent-events. Ctrl-C reaches PROGRAM and leaves this script alone;
# SIGHUP ends both.
#
# --resume: how often in a row PROGRAM of the role "agent" is started again by itself when it has crashed, after 5, 30, then
# 120 seconds; one that had run for ten minutes begins a new row. No crash: exit code 0, and the end by a hang-up (129) or
# a person's Ctrl-C (130). A key ends the wait.
#
# --pane: what a layout gives this pane lies in SESSION_FOLDER/NAME.environment, sourced first, NAME.lines, run by the
# user's own shell in place of PROGRAM as if they had been typed there, and NAME.waiting, which is run at a key only.
# ENDED "shell": lines that end well leave the person in that shell's folder and environment, with no question.
#
# pane.sh --after LEFT FILES ENDED CODE: what the shell becomes that ran the lines. LEFT is a file that tells the pane's
# process how they were left: "shell", a person has had a shell since, "again", they are to be run again.

# A word that can be pasted into a shell.
quoted() {
  case $1 in
  *[!A-Za-z0-9_./-]* | '') printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
  *) printf '%s' "$1" ;;
  esac
}

# A program that was killed leaves the terminal raw, with the mouse reported and the cursor hidden.
reset_terminal() {
  stty sane 2>/dev/null
  printf '\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1047l\033[?25h'
}

# ask TEXT: shows it and puts the key that a person presses into devorch_key; Enter, Ctrl-C and no terminal are ''.
ask() {
  devorch_key=
  devorch_terminal=$(stty -g 2>/dev/null) || return 0
  # What was typed to the program is no answer.
  stty -icanon -echo min 0 time 0
  dd bs=65536 count=1 >/dev/null 2>&1
  printf '%s' "$1"
  stty -icanon -echo min 1 time 0
  devorch_key=$(dd bs=1 count=1 2>/dev/null)
  # The rest of a key that sends several bytes.
  stty -icanon -echo min 0 time 1
  dd bs=65536 count=1 >/dev/null 2>&1
  stty "$devorch_terminal"
  printf '\n'
}

# ask_again WHAT CODE: whether a person wants it started again.
ask_again() {
  ask "
$1 ended with exit code $2
  r: start it again, any other key: a shell"
  case $devorch_key in
  r | R) return 0 ;;
  *) return 1 ;;
  esac
}

# A service's user may have a shell that only says that there is none.
choose_shell() {
  case ${SHELL:-} in
  '' | */nologin | */false) SHELL=/bin/sh ;;
  esac
  command -v "$SHELL" >/dev/null 2>&1 || SHELL=/bin/sh
  export SHELL
}

login_shell() {
  trap - INT QUIT
  choose_shell
  exec "$SHELL" -l
}

# A shell that was killed leaves the terminal to its own process group; no program of POSIX gives it back.
take_terminal() {
  (
    trap '' TTOU
    perl -MPOSIX -e 'POSIX::tcsetpgrp(0, getpgrp())'
  ) 2>/dev/null
}

# leave HOW: tells the pane's process, and goes on as the shell where that is how.
leave() {
  printf '%s\n' "$1" >"$devorch_left"
  [ "$1" = shell ] || exit "$devorch_code"
  trap - INT QUIT
  # Not as a login shell, whose files set PATH anew: what the lines have set stays.
  exec "$SHELL" -i
}

# run_lines FILE LEFT FILES ENDED: becomes a shell that runs the file, and then `pane.sh --after`.
run_lines() {
  choose_shell
  devorch_file=$(quoted "$1")
  devorch_after="exec /bin/sh $(quoted "$devorch_script") --after $(quoted "$2") $(quoted "$3") $4"
  # A person's Ctrl-C ends the program, and Ctrl-Z, which would leave nobody to bring it back, nothing.
  # shellcheck disable=SC2016 # for the other shell
  devorch_wait='devorch_code=$?; while [ "$devorch_code" = 148 ]; do fg >/dev/null; devorch_code=$?; done'
  case ${SHELL##*/} in
  fish) exec "$SHELL" -l -i -c "source $devorch_file; $devorch_after \$status" ;;
  bash | zsh | dash | sh | ash | ksh | ksh93 | mksh) ;;
  *) SHELL=/bin/sh ;;
  esac
  exec "$SHELL" -l -i -c "trap : INT; . $devorch_file; $devorch_wait; $devorch_after \"\$devorch_code\""
}

if [ "$1" = --after ]; then
  devorch_script=$0
  devorch_left=$2
  devorch_files=$3
  devorch_ended=$4
  devorch_code=$5
  trap : INT QUIT
  reset_terminal
  if [ -r "$devorch_files.waiting" ]; then
    printf '\n'
    cat "$devorch_files.waiting"
    ask '  Enter: run it, any other key: a shell'
    [ -z "$devorch_key" ] || leave shell
    trap - INT QUIT
    run_lines "$devorch_files.waiting" "$devorch_left" - "$devorch_ended"
  fi
  if [ "$devorch_ended" = shell ] && [ "$devorch_code" = 0 ]; then leave shell; fi
  if ask_again "this pane's commands" "$devorch_code"; then leave again; fi
  leave shell
fi

# First, since the files may set any name. What the configuration gives goes before what a layout gives.
devorch_own=
if [ "${5:-}" = --resume ]; then
  if [ "${7:-}" = --pane ]; then devorch_own=$8; fi
elif [ "${5:-}" = --pane ]; then
  devorch_own=$6
fi
if [ -n "$devorch_own" ] && [ -r "$1/$devorch_own.environment" ]; then
  # shellcheck source=/dev/null
  . "$1/$devorch_own.environment"
fi
if [ -r "$1/environment-$2" ]; then
  # shellcheck source=/dev/null
  . "$1/environment-$2"
fi

devorch_script=$0
devorch_folder=$1
devorch_role=$2
devorch_needs=$3
devorch_hint=$4
shift 4
devorch_resume=0
if [ "${1:-}" = --resume ]; then
  devorch_resume=$2
  shift 2
fi
devorch_files=
devorch_ended=ask
if [ "${1:-}" = --pane ]; then
  devorch_files=$devorch_folder/$2
  devorch_ended=$3
  shift 3
fi

# Where Claude Code's own installer, pip and others put programs; a service's PATH lacks it.
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
case ":$PATH:" in
*":$HOME/.local/bin:"*) ;;
*) PATH=$PATH:$HOME/.local/bin ;;
esac
export PATH

# record EVENT: also leaves the time of the event, in milliseconds, in devorch_at.
record() {
  [ "$devorch_role" = agent ] || return 0
  devorch_at=$(date +%s%3N)
  { printf '%s %s\n' "$devorch_at" "$*" >>"$devorch_folder/agent-events"; } 2>/dev/null
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

devorch_has_lines=
if [ -n "$devorch_files" ] && [ -r "$devorch_files.lines" ]; then devorch_has_lines=yes; fi
if [ -z "$devorch_has_lines" ] && { [ $# -eq 0 ] || [ "$devorch_role" = terminal ]; }; then
  login_shell
fi

if [ "$devorch_needs" != - ] && ! command -v "$devorch_needs" >/dev/null 2>&1; then
  record "missing $devorch_hint"
  printf '\n%s is not installed, so here is a shell instead.\n' "$devorch_needs"
  printf '  to install it:     %s\n' "$devorch_hint"
  [ $# -eq 0 ] || printf '  to start it then:  %s\n' "$(start_again "$@")"
  printf '\n'
  login_shell
fi

# resume CODE: waits where an agent that crashed is to be started again; false where it is not.
resume() {
  [ "$devorch_role" = agent ] && [ "$devorch_resume" -gt 0 ] && [ -z "$devorch_has_lines" ] || return 1
  case $1 in
  0 | 129 | 130) return 1 ;;
  esac
  [ "$((devorch_at - devorch_began))" -lt 600000 ] || devorch_resumed=0
  if [ "$devorch_resumed" -ge "$devorch_resume" ]; then
    record "given-up $devorch_resumed"
    return 1
  fi
  devorch_resumed=$((devorch_resumed + 1))
  case $devorch_resumed in
  1) devorch_pause=5 ;;
  2) devorch_pause=30 ;;
  *) devorch_pause=120 ;;
  esac
  record "resuming $devorch_resumed $devorch_pause"
  printf '\nthe agent ended with exit code %s and is started again in %s s (%s of %s); a key ends the wait\n' \
    "$1" "$devorch_pause" "$devorch_resumed" "$devorch_resume"
  wait_without_key "$devorch_pause" || {
    record given-up
    return 1
  }
}

# wait_without_key SECONDS: false where a person presses a key, or the wait is ended from outside: the session is, then.
wait_without_key() {
  devorch_terminal=$(stty -g 2>/dev/null) || return 1
  stty -icanon -echo -isig min 0 time 0
  dd bs=65536 count=1 >/dev/null 2>&1
  devorch_left_s=$1
  # Where it is ended from outside, too, nothing is waited for any longer.
  stty min 0 time 10 || {
    stty "$devorch_terminal"
    return 1
  }
  while [ "$devorch_left_s" -gt 0 ]; do
    # Nothing is read within a second: time 10, in tenths.
    devorch_key=$(dd bs=1 count=1 2>/dev/null && printf .) || break
    [ "$devorch_key" = . ] || break
    devorch_left_s=$((devorch_left_s - 1))
  done
  stty min 0 time 1
  [ "$devorch_left_s" = 0 ] || dd bs=65536 count=1 >/dev/null 2>&1
  stty "$devorch_terminal"
  [ "$devorch_left_s" = 0 ]
}

devorch_resumed=0
# A caught signal is reset in PROGRAM (POSIX, exec), an ignored one would not be.
trap : INT QUIT
devorch_left=$devorch_folder/.pane-$$
while :; do
  # It tells of the process before. No comparison of times could: those of files lie up to 4 ms behind the clock.
  [ "$devorch_role" != agent ] || [ ! -e "$devorch_folder/claude-process" ] || rm -f "$devorch_folder/claude-process"
  record started
  devorch_began=${devorch_at:-}
  if [ -n "$devorch_has_lines" ]; then
    rm -f "$devorch_left"
    (run_lines "$devorch_files.lines" "$devorch_left" "$devorch_files" "$devorch_ended")
  else
    "$@"
  fi
  devorch_code=$?
  record "exited $devorch_code"
  reset_terminal
  if [ -n "$devorch_has_lines" ]; then
    devorch_how=$(cat "$devorch_left" 2>/dev/null)
    rm -f "$devorch_left"
    case $devorch_how in
    shell) exit 0 ;;
    again) continue ;;
    esac
    take_terminal
  fi
  if resume "$devorch_code"; then continue; fi
  case $devorch_role in
  agent) devorch_what='the agent' ;;
  *) devorch_what=${1:-"this pane's commands"} ;;
  esac
  ask_again "$devorch_what" "$devorch_code" || break
  # It knows how to go on with the conversation.
  if [ "$devorch_role" = agent ] && [ -r "$devorch_folder/start-agent.sh" ]; then
    trap - INT QUIT
    exec /bin/sh "$devorch_folder/start-agent.sh"
  fi
done
login_shell
