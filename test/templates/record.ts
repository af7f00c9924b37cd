import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { format, resolveConfig } from 'prettier'
import { run } from '../../src/support/process.js'
import { installedVersions } from './debian.js'
import type { Outcome } from './try-out.js'

/** What a run is on record for, in Markdown as `npm run format` leaves it. `path` is where it will stand. */
export async function recordOf(outcomes: readonly Outcome[], command: string, path: string): Promise<string> {
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0)
  const failed = outcomes.filter((outcome) => outcome.because !== undefined).length
  const packages = await installedVersions([...new Set(outcomes.flatMap(({ recipe }) => recipe.packages))].sort())
  const text = [
    '# The shipped templates, tried out',
    '',
    'What `npm run test:templates` found, written by it. For each template it makes a git repository with the project',
    '`2nd-My.App_x`, applies the template as a job would, runs the steps below in it, one after the other, and looks afterwards whether a',
    'process or a file that git would see is left. Everything comes from the npm registry and from Debian.',
    '',
    '```sh',
    command,
    '```',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${await machineFacts()}: ${outcomes.length.toString()} templates, ${failed.toString()} failed, ${seconds.toFixed(0)} s.`,
    '',
    '| template | result | Node | seconds |',
    '| --- | --- | --- | --- |',
    ...outcomes.map((outcome) => {
      const result = outcome.because === undefined ? 'passes' : '**fails**'
      return `| ${outcome.recipe.template} | ${result} | ${outcome.node ?? ''} | ${outcome.seconds.toFixed(1)} |`
    }),
    '',
    '## Steps',
    '',
    ...outcomes.flatMap((outcome) => stepsOf(outcome)),
    '## Debian packages',
    '',
    packages.size === 0 ? 'None beyond those of the project itself.' : '',
    ...[...packages].map(([name, version]) => `- ${name} ${version}`),
    '',
  ].join('\n')
  return await format(text, { ...(await resolveConfig(path)), parser: 'markdown' })
}

function stepsOf({ recipe, steps, installed }: Outcome): readonly string[] {
  return [
    `### ${recipe.template}`,
    '',
    '| step | seconds |',
    '| --- | --- |',
    ...steps.map(({ title, seconds }) => `| \`${title.replaceAll('|', '\\|')}\` | ${seconds.toFixed(1)} |`),
    '',
    ...(installed.length === 0 ? [] : [`With ${installed.join(', ')}.`, '']),
    ...(recipe.packages.length === 0 ? [] : [`Debian packages: ${recipe.packages.join(', ')}.`, '']),
  ]
}

async function machineFacts(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const system = /^PRETTY_NAME="?([^"\n]+)/m.exec(release)?.[1] ?? 'unknown system'
  const npm = await run('npm', ['--version'], { timeoutMs: 30_000, env: { PATH: process.env['PATH'] ?? '' } })
  const processors = cpus()
  const model = processors[0]?.model.trim() ?? 'unknown'
  return `${system}, Node ${process.versions.node}, npm ${npm.stdout.trim()}, ${processors.length.toString()} cores (${model})`
}
