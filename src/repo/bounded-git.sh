#!/bin/sh
# Runs git with a time limit of $DEVORCH_GIT_SECONDS that ends its whole process group: timeout(1) leads a group of
# its own, passes signals on to it, and kills what is left 5 s later. simple-git 4.0.2 can signal git itself only,
# which leaves git-remote-https running.
# It ends, too, when the process that started it does, however that ends: a clone that outlived its daemon would go on
# writing beside the next one. prctl(2), PR_SET_PDEATHSIG, by setpriv(1); whoever died before that has another pid.
# The first line is for simple-git 4.0.2 too: it waits another 50 ms for a program that printed nothing.
if [ "$1" = --bound ]; then
  shift
  [ "$PPID" = "$DEVORCH_GIT_PARENT" ] || exit 143
  exec timeout -k 5 "$DEVORCH_GIT_SECONDS" git "$@"
fi
echo
exec setpriv --pdeathsig TERM /bin/sh "$0" --bound "$@"
