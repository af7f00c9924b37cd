#!/bin/sh
# launch-claude.sh NODE ACCEPT_DIALOGS SESSION_FOLDER WORKING_COPY CONVERSATION_ID PROMPT RESUME_PROMPT CLAUDE
#   [ARG...]
#
# Accepts Claude Code's dialogs beforehand, then becomes CLAUDE: going on with the conversation where its file holds
# one, else beginning it. Claude Code 2.1.330 refuses to begin a conversation whose file exists, to resume one that
# does not exist or has no whole message in it yet, as after a SIGKILL at its start, and without "off" sends the system
# prompt of the conversation's beginning once more.
node=$1
accept_dialogs=$2
session_folder=$3
working_copy=$4
conversation=$5
prompt=$6
resume_prompt=$7
shift 7

# It becomes CLAUDE under this process id: claude-state.ts looks for what that says of itself.
{ printf '%s\n%s\n' "$$" "${CLAUDE_CONFIG_DIR:-$HOME/.claude}" >"$session_folder/claude-process"; } 2>/dev/null

"$node" "$accept_dialogs" "$working_copy" ||
  printf 'Claude Code may ask about this folder: its dialogs could not be accepted beforehand.\n' >&2

for file in "${CLAUDE_CONFIG_DIR:-$HOME/.claude}"/projects/*/"$conversation.jsonl"; do
  if grep -q '"type":"user".*}$' "$file" 2>/dev/null; then
    exec "$@" --resume "$conversation" --system-prompt-snapshot off -- "$resume_prompt"
  fi
  [ -f "$file" ] && mv -f -- "$file" "$file.unfinished"
done
exec "$@" --session-id "$conversation" -- "$prompt"
