import { constants } from 'node:fs'
import { chmod, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { publish, syncFolder, unlinkIfThere } from '../../support/files.js'
import { codeOf, Problem } from '../../support/problem.js'
import { describeFailure, run } from '../../support/process.js'
import { findGroup, rootEnvironment } from './ask.js'

/** One thing that install or uninstall does, and what it is for. */
export type Step = { readonly what: string } & (
  | { readonly kind: 'command'; readonly args: readonly [string, ...string[]] }
  /** Made where it is missing; it and nothing in it gets owner and mode. */
  | {
      readonly kind: 'folder'
      readonly path: string
      readonly owner: { readonly name: string; readonly uid: number }
      /** `gid` undefined: that of the name, which an earlier step makes. */
      readonly group: { readonly name: string; readonly gid?: number | undefined }
      readonly mode: number
    }
  /** Root's, and replaced whole. `secret`: its text is not shown. */
  | {
      readonly kind: 'file'
      readonly path: string
      readonly text: string
      readonly mode: number
      readonly secret?: boolean
    }
  /** A file of the user's, only where there is none. */
  | {
      readonly kind: 'user-file'
      readonly path: string
      readonly text: string
      readonly mode: number
      readonly owner: { readonly name: string; readonly uid: number; readonly gid: number }
    }
  | { readonly kind: 'remove'; readonly path: string }
)

type Environment = Readonly<Record<string, string | undefined>>

/** Systemd waits for a daemon that starts or stops for up to 90 s. */
const commandTimeoutMs = 120_000

export function command(args: readonly [string, ...string[]], what: string): Step {
  return { kind: 'command', args, what }
}

/** Does it. @throws Problem */
export async function applyStep(step: Step, environment: Environment): Promise<void> {
  try {
    await perform(step, environment)
  } catch (error) {
    const code = codeOf(error)
    if (error instanceof Problem || code === undefined) throw error
    const remedy = 'mend that, then run the same command again; it goes on from here'
    throw new Problem({ doing: heading(step), because: code, remedy, cause: error })
  }
}

/** For a person, before it is done: every file with its text, but for secrets. */
export function formatStep(step: Step): string[] {
  const text = step.kind === 'file' || step.kind === 'user-file' ? shownText(step) : []
  return [`${heading(step)}   # ${step.what}`, ...text.map((line) => `    ${line}`.trimEnd())]
}

function heading(step: Step): string {
  switch (step.kind) {
    case 'command':
      return `run     ${step.args.join(' ')}`
    case 'folder':
      return `folder  ${step.path}  ${step.owner.name}:${step.group.name} ${octal(step.mode)}`
    case 'file':
      return `file    ${step.path}  root:root ${octal(step.mode)}`
    case 'user-file':
      return `file    ${step.path}  ${step.owner.name} ${octal(step.mode)}`
    case 'remove':
      return `remove  ${step.path}`
  }
}

function shownText(step: Extract<Step, { kind: 'file' | 'user-file' }>): string[] {
  return step.kind === 'file' && step.secret === true ? ['<64 random digits>'] : step.text.trimEnd().split('\n')
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

async function perform(step: Step, environment: Environment): Promise<void> {
  switch (step.kind) {
    case 'command':
      await performCommand(step.args, environment)
      return
    case 'folder':
      await performFolder(step, environment)
      return
    case 'file':
      await mkdir(dirname(step.path), { recursive: true, mode: 0o755 })
      await publish(step.path, step.text, { mode: step.mode })
      // The mode of the making is cut by the umask.
      await chmod(step.path, step.mode)
      return
    case 'user-file':
      await performUserFile(step)
      return
    case 'remove':
      await unlinkIfThere(step.path)
      await syncFolder(dirname(step.path))
      return
  }
}

async function performCommand([file, ...args]: readonly [string, ...string[]], environment: Environment) {
  const options = { env: rootEnvironment(environment), timeoutMs: commandTimeoutMs, cwd: '/' }
  const result = await run(file, args, options)
  if (result.ended === 'exited' && result.code === 0) return
  const isUnit = file === 'systemctl' && /^(re)?start$/.test(args[0] ?? '')
  throw new Problem({
    doing: [file, ...args].join(' '),
    because: isUnit ? 'it does not start' : describeFailure(result),
    remedy: isUnit
      ? `see why: journalctl -n 20 -u ${args.at(-1) ?? ''}; then run the same command again`
      : 'mend that, then run the same command again; it goes on from here',
  })
}

/** By descriptor, and never through a link: the folder above may be the user's, who could put something else there. */
async function performFolder(step: Extract<Step, { kind: 'folder' }>, environment: Environment): Promise<void> {
  await mkdir(dirname(step.path), { recursive: true, mode: 0o755 })
  try {
    await mkdir(step.path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  const gid = step.group.gid ?? (await findGroup(step.group.name, environment))
  if (gid === undefined) throw new Error(`the group ${step.group.name} is not there`)
  const folder = await open(step.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await folder.chown(step.owner.uid, gid)
    await folder.chmod(step.mode)
  } finally {
    await folder.close()
  }
}

async function performUserFile(step: Extract<Step, { kind: 'user-file' }>): Promise<void> {
  const file = await open(step.path, 'wx', step.mode)
  try {
    await file.writeFile(step.text)
    await file.chmod(step.mode)
    await file.chown(step.owner.uid, step.owner.gid)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dirname(step.path))
}
