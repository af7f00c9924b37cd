#!/bin/sh
# launch-claude.sh NODE ACCEPT_DIALOGS WORKING_COPY CONVERSATION_ID PROMPT RESUME_PROMPT CLAUDE [ARG...]
#
# Accepts Claude Code's dialogs beforehand, then becomes CLAUDE: going on with the conversation where its file holds
# one, else beginning it. Claude Code 2.1.330 refuses to begin a conversation whose file exists, to resume one that
# does not exist or is empty, and without "off" sends the system prompt of the conversation's beginning once more.
node=$1
accept_dialogs=$2
working_copy=$3
conversation=$4
prompt=$5
resume_prompt=$6
shift 6

"$node" "$accept_dialogs" "$working_copy" ||
  printf 'Claude Code may ask about this folder: its dialogs could not be accepted beforehand.\n' >&2

for file in "${CLAUDE_CONFIG_DIR:-$HOME/.claude}"/projects/*/"$conversation.jsonl"; do
  if [ -s "$file" ]; then
    exec "$@" --resume "$conversation" --system-prompt-snapshot off -- "$resume_prompt"
  fi
  [ -f "$file" ] && rm -f -- "$file"
done
exec "$@" --session-id "$conversation" -- "$prompt"
