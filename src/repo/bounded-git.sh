#!/bin/sh
# Runs git with a time limit of $DEVORCH_GIT_SECONDS that ends its whole process group: timeout(1) leads a group of
# its own, passes signals on to it, and kills what is left 5 s later. simple-git 4.0.2 can signal git itself only,
# which leaves git-remote-https running.
# The first line is for simple-git 4.0.2 too: it waits another 50 ms for a program that printed nothing.
echo
exec timeout -k 5 "$DEVORCH_GIT_SECONDS" git "$@"
