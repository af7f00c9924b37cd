/**
 * Which some `/bin/sh` refuses to assign, which would end the pane, or evaluates, which may run what is in the value (bash 5.2
 * manual, Bash Variables: `RANDOM='a[$(id)]'`; dash 0.5.12).
 */
const ofTheShell = new Set('BASHOPTS BASH_VERSINFO EUID HISTCMD OPTIND PPID RANDOM SHELLOPTS SRANDOM UID'.split(' '))

/** By which a session's processes are found when it is removed (session/reap.ts), and by which tmux knows the pane. */
const ofThePane = new Set(['DEVORCH_JOB', 'TMUX', 'TMUX_PANE'])

/** What is wrong with a name for a variable of panes, and what helps; undefined: nothing. Pure. */
export function wrongVariableName(name: string): { readonly because: string; readonly remedy: string } | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return { because: 'must be a variable name', remedy: 'use letters, digits and _, not starting with a digit' }
  }
  if (ofTheShell.has(name)) return { because: 'is the shell’s own name', remedy: 'use another name' }
  if (ofThePane.has(name)) return { because: 'is the name by which panes are known', remedy: 'use another name' }
  return undefined
}

/** Names with which the dynamic loader is had to load something (ld.so(8)): a layout, whose paths may be the repository's, gives none. */
export function isOfTheLoader(name: string): boolean {
  return name.startsWith('LD_')
}
