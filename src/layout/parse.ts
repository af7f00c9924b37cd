import * as z from 'zod'
import type { FieldProblem } from '../support/field-problem.js'
import { nearest, printable } from '../support/text.js'
import { isOfTheLoader, wrongVariableName } from '../support/variable-name.js'
import { parseYaml } from '../support/yaml-document.js'
import { linesOf } from './commands.js'
import type { Layout, LayoutPane, LayoutWindow, TmuxOption } from './layout.js'
import { mergeKeys } from './merge-keys.js'
import { notesOf } from './notes.js'
import { scopeOf } from './options.js'
import { layoutSchema, type Command, type RawLayout, type RawPane, type RawWindow } from './schema.js'
import { arrangements, isWindowLayout } from './tmux-layout.js'

export type LayoutResult =
  { readonly ok: true; readonly layout: Layout } | { readonly ok: false; readonly problems: readonly FieldProblem[] }

const schema = z.preprocess(mergeKeys, layoutSchema.superRefine(checkTogether))

/** Parses a layout: a file in tmuxp's schema (YAML or JSON), with the key `role` for panes. Pure. */
export function parseLayout(bytes: Uint8Array | string): LayoutResult {
  const parsed = parseYaml(bytes, schema, () => [])
  if (!parsed.ok) return parsed
  const notes = notesOf(parsed.value)
  return { ok: true, layout: { ...writtenOut(parsed.value, notes), notes } }
}

/** What tmux or the session could not do, said where it is written. */
function checkTogether(raw: RawLayout, context: z.core.$RefinementCtx): void {
  const problem = (path: PropertyKey[], message: string) => {
    context.addIssue({ code: 'custom', path, message })
  }
  let agents = 0
  const indexes = new Set<number>()
  raw.windows.forEach((window, at) => {
    const { layout, window_index: index } = window
    if (layout !== undefined && !isWindowLayout(layout, window.panes.length)) {
      const [near] = nearest(layout, arrangements, 1)
      const remedy = near === undefined ? `use one of ${arrangements.join(', ')}` : `did you mean ${near}?`
      problem(['windows', at, 'layout'], `"${printable(layout, 60)}" does not fit ${counted(window)}; ${remedy}`)
    }
    if (index !== undefined && indexes.has(index)) {
      problem(['windows', at, 'window_index'], `${index.toString()} is another window’s already; choose another`)
    }
    if (index !== undefined) indexes.add(index)
    window.panes.forEach((pane, number) => {
      if (pane.role !== 'agent') return
      const path = ['windows', at, 'panes', number]
      agents += 1
      if (agents > 1) problem([...path, 'role'], 'agent is another pane’s already; a session has one agent')
      if (pane.shell_command.length > 0 || pane.shell !== undefined) {
        const key = pane.shell === undefined ? 'shell_command' : 'shell'
        problem([...path, key], 'can’t stand beside role: agent, which runs the configured agent; remove it')
      }
    })
  })
}

function counted(window: RawWindow): string {
  return window.panes.length === 1 ? 'a window of one pane' : `a window of ${window.panes.length.toString()} panes`
}

function writtenOut(raw: RawLayout, notes: string[]): Omit<Layout, 'notes'> {
  const own = optionsOf(raw.options).filter((option) => {
    const isKept = scopeOf(option) === 'session'
    // tmuxp sets it for a window that it removes afterwards.
    if (!isKept) notes.push(`options.${option[0]} is no option of a session; put it under the options of windows`)
    return isKept
  })
  const everywhere = optionsOf(raw.global_options).filter((option) => {
    const isKept = scopeOf(option) !== 'server'
    if (!isKept) notes.push(`global_options.${option[0]} would change every session of the server and is not set`)
    return isKept
  })
  const options = [...everywhere.filter((option) => scopeOf(option) === 'session'), ...own]
  const ofWindows = everywhere.filter((option) => scopeOf(option) === 'window')
  const defaultShell = options.findLast(([name]) => name === 'default-command')?.[1]
  return {
    startDirectory: raw.start_directory,
    environment: environmentOf(raw.environment, notes),
    options,
    windows: raw.windows.map((window) => windowOf(window, raw, ofWindows, defaultShell, notes)),
  }
}

function windowOf(
  raw: RawWindow,
  session: RawLayout,
  globalOptions: readonly TmuxOption[],
  defaultShell: string | undefined,
  notes: string[],
): LayoutWindow {
  const before = [...session.shell_command_before, ...raw.shell_command_before]
  return {
    name: raw.window_name,
    index: raw.window_index,
    layout: raw.layout,
    focus: raw.focus ?? false,
    startDirectory: raw.start_directory,
    options: [...globalOptions, ...optionsOf(raw.options)],
    optionsAfter: optionsOf(raw.options_after),
    panes: raw.panes.map((pane) => paneOf(pane, raw, before, defaultShell, notes)),
  }
}

function paneOf(
  raw: RawPane,
  window: RawWindow,
  inherited: readonly Command[],
  defaultShell: string | undefined,
  notes: string[],
): LayoutPane {
  const before = [...inherited, ...raw.shell_command_before]
  const given = raw.shell ?? window.window_shell ?? (defaultShell === '' ? undefined : defaultShell)
  const isShell = given === undefined || isKnownShell(given)
  const common = {
    role: raw.role,
    focus: raw.focus ?? false,
    startDirectory: raw.start_directory,
    environment: environmentOf(raw.environment ?? window.environment, notes),
  }
  const nothing = { shell: undefined, program: undefined, before: [], lines: [], waiting: undefined }
  if (raw.role === 'agent') return { ...common, ...nothing }
  if (!isShell && (raw.role === undefined || raw.shell !== undefined)) {
    if (before.length + raw.shell_command.length > 0) {
      notes.push(`commands for ${printable(given, 60)} are not typed into it: it is no shell`)
    }
    return { ...common, ...nothing, program: given }
  }
  const shell = isShell ? given : undefined
  // Where the role's own program follows, nothing of the pane's own does.
  if (raw.role !== undefined && raw.shell_command.length === 0) {
    return { ...common, ...nothing, shell, before: linesOf(before, raw).lines }
  }
  return { ...common, ...nothing, shell, ...linesOf([...before, ...raw.shell_command], raw) }
}

/** Without what a layout may not set. */
function environmentOf(raw: Readonly<Record<string, string>> | undefined, notes: string[]): LayoutPane['environment'] {
  const kept = Object.entries(raw ?? {}).filter(([name]) => {
    const isKept = wrongVariableName(name) === undefined && !isOfTheLoader(name)
    const note = `the variable ${printable(name, 80)} is not a layout’s to set and passed over`
    if (!isKept && !notes.includes(note)) notes.push(note)
    return isKept
  })
  return Object.fromEntries(kept)
}

/** One that pane.sh can hand lines to. */
function isKnownShell(command: string): boolean {
  return /^(?:\/\S*\/)?(?:ba|z|da|fi|a|k|mk)?sh$/.test(command)
}

function optionsOf(raw: Readonly<Record<string, string | null>> | undefined): TmuxOption[] {
  return Object.entries(raw ?? {}).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
}
