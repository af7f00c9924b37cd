#!/bin/sh
# Runs git with a time limit of $DEVORCH_GIT_SECONDS, and ends it with all that it has started: on a signal (simple-git
# 4.0.2 can signal this process only), and when the process that started this one ends, however that does: a clone that
# outlived its daemon would go on writing beside the next one. prctl(2), PR_SET_PDEATHSIG, by setpriv(1); whoever died
# before that has another pid.
# All is one process group, which this shell leads, and ends with where it ends it. timeout(1) of coreutils 9.1 forgets
# the program when it is signalled just as it starts it (mended in 9.5), so that it only keeps the time.
# The first line is for simple-git too: it waits another 50 ms for a program that printed nothing.
if [ "$1" != --bound ]; then
  echo
  exec setsid setpriv --pdeathsig TERM /bin/sh "$0" --bound "$@"
fi
shift
[ "$PPID" = "$DEVORCH_GIT_PARENT" ] || exit 143
# Told again each second: what is being started at that moment has the traps of this shell still, and misses it.
end() {
  started=$!
  trap '' TERM INT HUP
  (
    for _ in 1 2 3 4 5; do
      kill -s TERM -- "-$$"
      sleep 1
    done
    kill -s KILL -- "-$$"
  ) &
  [ -z "$started" ] || wait "$started"
  kill -s KILL -- "-$$"
}
trap end TERM INT HUP
timeout --foreground -k 5 "$DEVORCH_GIT_SECONDS" git "$@" &
wait "$!"
code=$?
case $code in 124 | 137) end ;; esac
exit "$code"
