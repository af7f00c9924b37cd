import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../src/support/problem.js'
import { describeFailure, run } from '../../src/support/process.js'
import type { Template } from '../../src/template/catalogue.js'
import { killProcessesOf, processesOf } from '../support/processes-of.js'
import { makeProject, strayChanges } from './project.js'
import type { Recipe } from './recipe.js'
import { checkServing } from './serve.js'
import { environmentIn, nodeFolderFor } from './surroundings.js'

/** What became of one template. */
export interface Outcome {
  readonly recipe: Recipe
  readonly seconds: number
  readonly steps: readonly { readonly title: string; readonly seconds: number }[]
  /** The version of Node that its steps ran on, where any is of npm. */
  readonly node?: string
  /** What npm installed for its package.json: `express 5.3.0`. */
  readonly installed: readonly string[]
  /** Why it failed, with what the failing step printed. */
  readonly because?: string
}

const stepMs = 900_000
/** How long processes that were told to end may take, before they count as left behind. */
const graceMs = 5000

/** Makes a project from a template, runs its recipe in it, and removes all of it. */
export async function tryOut(recipe: Recipe, template: Template, signal: AbortSignal): Promise<Outcome> {
  const begunMs = performance.now()
  const steps: { readonly title: string; readonly seconds: number }[] = []
  const timed = async (title: string, act: () => Promise<void>) => {
    const stepBegunMs = performance.now()
    await act()
    steps.push({ title, seconds: (performance.now() - stepBegunMs) / 1000 })
  }
  let known: Pick<Outcome, 'node' | 'installed'> = { installed: [] }
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'devorch-templates-')))
  let because: string | undefined
  try {
    const project = await makeProject(template, folder)
    const env = environmentIn(folder, await nodeFolderFor(recipe.node, folder, signal))
    for (const step of recipe.steps) await timed(step.join(' '), () => runStep(step, project, env, signal))
    known = await whatIsKnown(project, env)
    for (const kind of ['page', 'answer'] as const) {
      const serving = recipe[kind]
      if (serving === undefined) continue
      const title = `${serving.serve.join(' ')}, GET ${serving.path}`
      await timed(title, () => checkServing(kind, serving, { project, env, signal }))
    }
    await checkNothingLeft(folder)
    const stray = await strayChanges(project, recipe.leaves ?? [])
    if (stray.length > 0) because = `the steps left or changed (is it in _gitignore?):\n${stray.join('\n')}`
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    because = `${error.doing}: ${error.because}`
  } finally {
    await killProcessesOf(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  const seconds = (performance.now() - begunMs) / 1000
  return { recipe, seconds, steps, ...known, ...(because === undefined ? {} : { because }) }
}

async function runStep(
  step: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const [program = '', ...args] = step.map((part) => part.replace('{tools}', import.meta.dirname))
  const done = await run(program, args, { timeoutMs: stepMs, cwd, env, signal })
  if (done.ended === 'exited' && done.code === 0) return
  const because = `${describeFailure(done)}\n${done.stdout}${done.stderr}`
  throw new Problem({ doing: step.join(' '), because, remedy: 'mend template or recipe' })
}

/** @throws Problem where a program that a step started goes on */
async function checkNothingLeft(folder: string): Promise<void> {
  const untilMs = Date.now() + graceMs
  while (Date.now() < untilMs) {
    if ((await processesOf(folder)).length === 0) return
    await sleep(100)
  }
  const because = (await processesOf(folder)).join('\n')
  throw new Problem({ doing: 'end all processes', because, remedy: 'mend template or recipe' })
}

async function whatIsKnown(
  project: string,
  env: Readonly<Record<string, string>>,
): Promise<Pick<Outcome, 'node' | 'installed'>> {
  const manifest = await jsonOf(join(project, 'package.json'))
  if (manifest === undefined) return { installed: [] }
  const { stdout } = await run('node', ['--version'], { timeoutMs: 10_000, env })
  const names = ['dependencies', 'devDependencies'].flatMap((key) => Object.keys(objectOf(manifest[key])))
  const installed: string[] = []
  for (const name of names) {
    const version = (await jsonOf(join(project, 'node_modules', name, 'package.json')))?.['version']
    if (typeof version === 'string') installed.push(`${name} ${version}`)
  }
  return { node: stdout.trim().replace(/^v/, ''), installed }
}

async function jsonOf(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : objectOf(JSON.parse(text))
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
