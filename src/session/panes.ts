import { environmentFile, shellWord } from '../agent/environment.js'
import type { AgentLaunch, LaunchFile } from '../agent/launch.js'
import { paneCommand, type PaneRequest } from '../agent/pane.js'
import type { Layout, LayoutPane, LayoutWindow } from '../layout/layout.js'
import { expandText, expandValue, folderOf, type Base } from '../layout/places.js'
import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import type { OptionPlan, PanePlan, TmuxPlan, WindowPlan } from '../tmux/script.js'

/** What one watches in a new project: lines for /bin/sh that belong to the operator. */
export interface Watch {
  /** Run first; where it fails, the command is not begun. */
  readonly prepare?: string | undefined
  readonly command: string
}

/** What a layout is filled with. */
export interface PaneFacts {
  /** Absolute; 0700, the daemon's own. */
  readonly sessionFolder: string
  readonly workingCopy: string
  /** What `$NAME` stands for in the layout. */
  readonly variables: Readonly<Record<string, string>>
  readonly launch: AgentLaunch
  /** For the pane `apps`; undefined: a shell. */
  readonly watch: Watch | undefined
}

/** The windows for tmux, and the files for the session's folder that their panes read. */
export interface PlannedPanes {
  readonly plan: Pick<TmuxPlan, 'windows' | 'options' | 'focus'>
  readonly files: readonly LaunchFile[]
}

const watchFile = 'watch.sh'

/** What tmux is to make of a layout. Pure. A layout without a pane for the agent gets a window for it, the last one. */
export function planPanes(layout: Layout, facts: PaneFacts): PlannedPanes {
  const base: Base = { folder: facts.workingCopy, variables: facts.variables }
  const expanded = (options: LayoutWindow['options']): OptionPlan[] =>
    options.map(([name, value]) => [name, sound(expandValue(value, base), /[\n\r\0]/)])
  const files: LaunchFile[] = []
  const hasAgent = layout.windows.some((window) => window.panes.some((pane) => pane.role === 'agent'))
  const given = hasAgent ? layout.windows : [...layout.windows, agentWindow]
  let watch = facts.watch
  let number = 0
  const windows = given.map((window): WindowPlan => {
    const focused = window.panes.findLastIndex((pane) => pane.focus)
    return {
      name: window.name === undefined ? undefined : sound(expandText(window.name, base), /[\n\r\0]/),
      index: window.index,
      layout: window.layout,
      options: expanded(window.options),
      optionsAfter: expanded(window.optionsAfter),
      focus: focused === -1 ? undefined : focused,
      panes: window.panes.map((pane): PanePlan => {
        const isWatch = pane.role === 'apps' && pane.lines.length === 0 && pane.waiting === undefined
        const planned = planPane(pane, layout, `pane-${number.toString()}`, base, isWatch ? watch : undefined, facts)
        if (isWatch) watch = undefined
        number += 1
        files.push(...planned.files)
        return { ...planned.pane, folder: sound(folderOf(layout, window, pane, base), /[#\n\r\0]/) }
      }),
    }
  })
  if (facts.watch !== undefined && watch === undefined) files.push(watchScript(facts.watch))
  const focus = given.findLastIndex((window) => window.focus)
  return {
    plan: {
      windows,
      options: expanded(layout.options),
      focus: focus === -1 ? (hasAgent ? 0 : given.length - 1) : focus,
    },
    files,
  }
}

/** A text that tmux can take as it is, now that its variables are put in. @throws Problem */
function sound(text: string, wrong: RegExp): string {
  if (!wrong.test(text)) return text
  throw new Problem({
    doing: 'fill in the layout',
    because: `"${printable(text, 100)}" has a character in it that tmux would not keep`,
    remedy: 'correct the layout, or the variable that it names',
    field: 'layout',
  })
}

const agentPane: LayoutPane = {
  role: 'agent',
  focus: true,
  startDirectory: undefined,
  environment: {},
  shell: undefined,
  program: undefined,
  before: [],
  lines: [],
  waiting: undefined,
}

/** Behind those of the file, so that they keep the indexes that people know them by. */
const agentWindow: LayoutWindow = {
  name: 'agent',
  index: undefined,
  layout: undefined,
  focus: false,
  startDirectory: '.',
  options: [],
  optionsAfter: [],
  panes: [agentPane],
}

function planPane(
  pane: LayoutPane,
  layout: Layout,
  name: string,
  base: Base,
  watch: Watch | undefined,
  facts: PaneFacts,
): { readonly pane: PanePlan; readonly files: readonly LaunchFile[] } {
  const { program, needs, installHint, lines, ended } = contentOf(pane, watch, base, facts)
  const text = lines.map((line) => `${line}\n`).join('')
  const environment = environmentOf(pane, layout, base)
  const files: LaunchFile[] = [
    ...(Object.keys(environment).length === 0
      ? []
      : [{ name: `${name}.environment`, text: environmentFile(environment), mode: 0o600 }]),
    // Where something only waits, there is nothing to run before it, but its pane begins the same way.
    ...(text === '' && pane.waiting === undefined ? [] : [{ name: `${name}.lines`, text, mode: 0o600 }]),
    ...(pane.waiting === undefined
      ? []
      : [{ name: `${name}.waiting`, text: `${expandText(pane.waiting, base)}\n`, mode: 0o600 }]),
  ]
  const { sessionFolder } = facts
  const resumeAttempts = pane.role === 'agent' ? facts.launch.resumeAttempts : 0
  const role = pane.role ?? 'none'
  const request: PaneRequest = { sessionFolder, role, needs, installHint, program, resumeAttempts }
  const command = paneCommand(files.length === 0 ? request : { ...request, own: { name, ended } })
  return { pane: { role: pane.role ?? null, command }, files }
}

interface Content {
  /** Empty: a shell. */
  readonly program: readonly string[]
  readonly needs: string
  readonly installHint: string
  /** Run by the user's shell in place of the program. */
  readonly lines: readonly string[]
  readonly ended: 'ask' | 'shell'
}

function contentOf(pane: LayoutPane, watch: Watch | undefined, base: Base, facts: PaneFacts): Content {
  const expanded = (lines: readonly string[]) => lines.map((line) => expandText(line, base))
  const shell = { program: [], needs: '', installHint: '', lines: [], ended: 'shell' } as const
  if (pane.program !== undefined) return { ...shell, lines: expanded([pane.program]), ended: 'ask' }
  if (pane.lines.length > 0 || pane.waiting !== undefined) {
    const isTerminal = pane.role === undefined || pane.role === 'terminal'
    return { ...shell, lines: expanded(pane.lines), ended: isTerminal ? 'shell' : 'ask' }
  }
  switch (pane.role) {
    case 'agent': {
      const { program, needs, installHint } = facts.launch
      return { program, needs, installHint, lines: [], ended: 'ask' }
    }
    case 'files': {
      const ranger = {
        program: ['ranger'],
        needs: 'ranger',
        installHint: 'apt-get install ranger',
        ended: 'ask',
      } as const
      return { ...ranger, lines: pane.before.length === 0 ? [] : [...expanded(pane.before), 'ranger'] }
    }
    case 'apps': {
      if (watch === undefined) return { ...shell, lines: expanded(pane.before) }
      const line = `/bin/sh ${shellWord(`${facts.sessionFolder}/${watchFile}`)}`
      return { ...shell, lines: [...expanded(pane.before), line], ended: 'ask' }
    }
    case 'terminal':
    case undefined:
      return { ...shell, lines: expanded(pane.before) }
  }
}

/** As tmuxp hands it down: the session's, over that the pane's own, which the window's stands in for. */
function environmentOf(pane: LayoutPane, layout: Layout, base: Base): Record<string, string> {
  const defaultShell = layout.options.findLast(([name]) => name === 'default-shell')?.[1]
  const shell = pane.shell ?? defaultShell
  const values = { ...layout.environment, ...pane.environment }
  return {
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expandValue(value, base)])),
    ...(shell === undefined ? {} : { SHELL: expandText(shell, base) }),
  }
}

/** Constant text of a template; shows what it runs. */
function watchScript({ prepare, command }: Watch): LaunchFile {
  const shown = (line: string) => `printf '%s\\n' ${shellWord(`$ ${line}`)}\n`
  const first = prepare === undefined ? '' : `${shown(prepare)}{\n${prepare}\n} || exit\n`
  return { name: watchFile, text: `${first}${shown(command)}${command}\n`, mode: 0o600 }
}
