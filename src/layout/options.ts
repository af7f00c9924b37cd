import type { TmuxOption } from './layout.js'

/** Options of the whole server: setting one changes every session on it (tmux(1) 3.5, Server options). */
const serverOptions = new Set([
  'backspace',
  'buffer-limit',
  'codepoint-widths',
  'command-alias',
  'copy-command',
  'default-terminal',
  'editor',
  'escape-time',
  'exit-empty',
  'exit-unattached',
  'extended-keys',
  'extended-keys-format',
  'focus-events',
  'get-clipboard',
  'history-file',
  'input-buffer-size',
  'message-limit',
  'prefix-timeout',
  'prompt-history-limit',
  'set-clipboard',
  'terminal-features',
  'terminal-overrides',
  'user-keys',
  'variation-selector-always-wide',
])

/** Options of windows and panes (tmux(1) 3.5, Window options and Pane options). */
const windowOption =
  /^(?:aggressive-resize|allow-(?:passthrough|rename|set-title)|alternate-screen|automatic-rename|clock-mode-|copy-mode-|cursor-|fill-character|main-pane-|mode-(?:keys|style)|monitor-|other-pane-|pane-|popup-|remain-on-exit|scroll-on-clear|synchronize-panes|tiled-layout-|window-|wrap-search|xterm-keys)/

/** Whose an option is, which its name tells. One that is not known here is left to tmux to judge. */
export function scopeOf([name]: TmuxOption): 'server' | 'session' | 'window' {
  const bare = name.replace(/\[\d+\]$/, '')
  if (serverOptions.has(bare)) return 'server'
  return windowOption.test(bare) ? 'window' : 'session'
}
