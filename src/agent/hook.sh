#!/bin/sh
# hook.sh SESSION_FOLDER EVENT [DETAIL]: appends one line to agent-events. Claude Code runs it, and takes any
# exit code but 0 for something to show or to obey; what it sends on stdin is read, so that it never gets EPIPE.
# `date +%s%3N` is GNU's. The printf of dash and bash writes a line with one write(2), to a file opened for append.
folder=$1
shift
{ printf '%s %s\n' "$(date +%s%3N)" "$*" >>"$folder/agent-events"; } 2>/dev/null
cat >/dev/null 2>&1
exit 0
