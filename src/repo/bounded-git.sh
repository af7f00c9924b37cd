#!/bin/sh
# setsid bounded-git.sh ARG...: runs git, and ends it with all that it has started: on a signal (simple-git 4.0.2 can
# signal this process only), and when standard input ends. That is a pipe of the process that started this one, and ends
# with it, however that does: a clone that outlived its daemon would go on writing beside the next one.
# All is one process group, which this shell leads and ends.

# simple-git waits another 50 ms for a program that printed nothing.
echo
exec 3<&0

# finish: ends the group. Told again each second: what is being started at that moment has the traps of this shell still,
# and misses it.
finish() {
  trap '' TERM INT HUP
  for _ in 1 2 3 4 5; do
    kill -s TERM -- "-$$"
    sleep 1
  done
  kill -s KILL -- "-$$"
}
# shellcheck disable=SC2317 # trap calls it
end() {
  trap '' TERM INT HUP
  finish &
  [ -z "$started" ] || wait "$started"
  kill -s KILL -- "-$$"
}
started=
trap end TERM INT HUP
# It tells on stderr that a signal ended git; with the process that had started it, nobody reads that any longer.
trap : PIPE
# Nothing is ever written to it: read (of this shell, no further program) returns at its end. First, since a shell that can't
# fork ends: nothing runs then that nobody watches.
{
  read -r _ <&3
  finish
} >/dev/null 2>&1 &
watching=$!
git "$@" 3<&- &
started=$!
wait "$started"
code=$?
# A git that was killed has not ended what it had started.
[ "$code" -le 128 ] || kill -s KILL -- "-$$"
# Waited for, since nobody else may: the daemon may be the first process of a container.
{
  kill -s KILL "$watching"
  wait "$watching"
} 2>/dev/null
exit "$code"
