import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf, Problem } from '../../src/support/problem.js'
import { loadCatalogue, type Template } from '../../src/template/catalogue.js'
import { installedVersions, installPackages } from './debian.js'
import type { Recipe } from './recipe.js'
import { recordOf } from './record.js'
import { recipes as nodeRecipes } from './recipes/node.js'
import { recipes as nativeRecipes } from './recipes/native.js'
import { recipes as webRecipes } from './recipes/web.js'
import { tryOut, type Outcome } from './try-out.js'

/*
 * npm run test:templates [-- --ci] [--only ID]… [--install] [--record FILE] [--list]: makes each shipped template into a project,
 * installs it, and runs its own linter, tests and build; a web one is opened in headless Chromium. `--ci` tries the few
 * that cover all toolchains, `--install` puts missing Debian packages on the machine (as root), `--record` writes what was found,
 * and `--list` only names the recipes with the Debian packages they need.
 * Ctrl-C ends it after clearing away.
 */

const { values: options } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    install: { type: 'boolean', default: false },
    record: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})

/** Compiled, this file is .cache/templates/test/templates/main.js. */
const root = join(import.meta.dirname, '..', '..', '..', '..')
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort()
  })
}

try {
  const { templates, broken } = await loadCatalogue([join(root, 'templates')])
  for (const { folder, because } of broken) console.error(`broken: ${folder}: ${because}`)
  if (broken.length > 0) process.exitCode = 1
  const chosen = chooseRecipes(templates)
  if (options.list) for (const { template, packages } of chosen) console.log([template, ...packages].join(' '))
  else await tryAll(chosen, templates)
} catch (error) {
  if (!(error instanceof Problem)) throw error
  console.error(messageOf(error))
  process.exitCode = 1
}

/** In the order of their ids. @throws Problem where a template has no recipe, or a recipe no template */
function chooseRecipes(templates: ReadonlyMap<string, Template>): readonly Recipe[] {
  const all = [...webRecipes, ...nodeRecipes, ...nativeRecipes].sort((a, b) => (a.template < b.template ? -1 : 1))
  const known = all.map(({ template }) => template)
  const refuse = (because: string, remedy: string) =>
    new Problem({ doing: 'choose the recipes', because, remedy, field: 'template' })
  for (const id of options.only)
    if (!known.includes(id)) throw refuse(`${id} has no recipe`, `one of ${known.join(', ')}`)
  const lonely = known.find((id) => !templates.has(id))
  if (lonely !== undefined) throw refuse(`${lonely} is not in templates/`, 'remove its recipe')
  if (options.only.length > 0) return all.filter(({ template }) => options.only.includes(template))
  const missing = [...templates.keys()].filter((id) => !known.includes(id))
  if (missing.length > 0) throw refuse(`${missing.join(', ')}: no recipe`, 'write one in test/templates/recipes/')
  return options.ci ? all.filter(({ ci }) => ci) : all
}

async function tryAll(chosen: readonly Recipe[], templates: ReadonlyMap<string, Template>): Promise<void> {
  await needPackages([...new Set(chosen.flatMap(({ packages }) => packages))].sort())
  const outcomes: Outcome[] = []
  for (const recipe of chosen) {
    const template = templates.get(recipe.template)
    if (template === undefined || stopping.signal.aborted) continue
    const outcome = await tryOut(recipe, template, stopping.signal)
    outcomes.push(outcome)
    const verdict = outcome.because === undefined ? 'ok  ' : 'FAIL'
    const steps = outcome.steps.map(({ title, seconds }) => `${title} ${seconds.toFixed(1)}`).join(' · ')
    console.log(`${verdict} ${recipe.template.padEnd(20)} ${outcome.seconds.toFixed(1).padStart(6)} s  ${steps}`)
    if (outcome.because !== undefined) console.log(outcome.because.trimEnd().replace(/^/gm, '     '))
  }
  const failed = outcomes.filter(({ because }) => because !== undefined).map(({ recipe }) => recipe.template)
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0)
  const ending = failed.length === 0 ? '' : `: ${failed.join(', ')}`
  console.log(
    `templates: ${outcomes.length.toString()} tried, ${failed.length.toString()} failed${ending}, ${seconds.toFixed(0)} s`,
  )
  if (failed.length > 0 || stopping.signal.aborted) process.exitCode = 1
  if (options.record === undefined) return
  const command = ['npm run test:templates --', ...process.argv.slice(2)].join(' ')
  await writeFile(options.record, await recordOf(outcomes, command, options.record))
}

/** @throws Problem where Debian packages are missing and may not, or cannot, be installed */
async function needPackages(packages: readonly string[]): Promise<void> {
  const isMissing = async () => {
    const versions = await installedVersions(packages)
    return packages.filter((name) => !versions.has(name))
  }
  let missing = await isMissing()
  if (missing.length > 0 && options.install) {
    console.log(`installing: ${missing.join(' ')}`)
    await installPackages(missing)
    missing = await isMissing()
  }
  if (missing.length === 0) return
  const remedy = `as root: apt-get install ${missing.join(' ')} (or --install)`
  throw new Problem({ doing: 'look for Debian packages', because: `missing: ${missing.join(' ')}`, remedy })
}
