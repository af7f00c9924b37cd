#!/bin/bash
# plain-session.sh SOCKET PROJECTS NAME URL: what a person's own script does: one clone, one chained tmux call that
# makes the same four panes as the daemon does. What the daemon is measured against.
set -eu
socket=$1
folder=$2/$3
name=$3-dev
url=$4
git clone --quiet -- "$url" "$folder"
exec tmux -L "$socket" new-session -d -s "$name" -n dev -x 220 -y 50 -c "$folder" -- cat \; \
  split-window -h -l 50% -t "=$name:" -c "$folder" -- "$SHELL" -l \; \
  split-window -v -l 67% -t "=$name:" -c "$folder" -- ranger \; \
  split-window -v -l 50% -t "=$name:" -c "$folder" -- "$SHELL" -l \; \
  select-pane -t "=$name:.{left}"
