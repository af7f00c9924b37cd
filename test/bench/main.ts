import { execFile, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { access, rm } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { acknowledgementTable, measureAcknowledgements } from './acknowledge.js'
import { spreadOf, table, type Row } from './figures.js'
import { describeInbox, measureInbox } from './inbox.js'
import { makePlace, secret, token, type Place } from './place.js'
import { describeRecords, measureRecords } from './records.js'
import { describeStanding, measureStanding } from './sessions.js'
import { describeTemplates, measureTemplates } from './templates.js'

/*
 * npm run bench [-- --json] [-- --runs N] [-- --only small|large|acknowledgements|inbox|records|templates|sessions]: from the POST being sent to the session
 * standing, against a bash script that does the same clone and one chained tmux call; calls acknowledged a second, against a bare loop that
 * writes such files; many files dropped at once; a start with many records; a
 * catalogue of many templates; what fifty standing sessions cost.
 * docs/benchmarks.md says what the rows mean.
 */

/** Of every session, on both sides. */
const panes = 4

interface Content {
  readonly what: string
  /** The name under which its repositories are served. */
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  /** What the daemon may take at most, in times of the script, for a repository that it has never seen. */
  readonly target: number
}

const contents: readonly Content[] = [
  { what: '3 files', name: 'small', files: smallRepository(), target: 1.5 },
  { what: '2,000 files', name: 'large', files: largeRepository(), target: 1.15 },
]

/** Compiled, this file is .cache/bench/test/bench/main.js. */
const root = join(import.meta.dirname, '..', '..', '..', '..')

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
  },
})
const runs = Number(options.runs)
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs takes a number from 1 on')

const wanted = contents.filter(({ name }) => options.only === '' || options.only === name)
const sessions = wanted.length === 0 ? undefined : await measureSessions(wanted)
const acknowledgements = ['', 'acknowledgements'].includes(options.only)
  ? await measureAcknowledgements(root, Math.min(runs, 10))
  : undefined
const inbox = ['', 'inbox'].includes(options.only) ? await measureInbox(root, 10_000) : undefined
const records = ['', 'records'].includes(options.only) ? await measureRecords(root, runs) : undefined
const templates = ['', 'templates'].includes(options.only) ? await measureTemplates(root, runs) : undefined
const standing = ['', 'sessions'].includes(options.only) ? await measureStanding(root) : undefined

const machine = await machineFacts()
if (options.json)
  console.log(
    JSON.stringify(
      { machine, ...sessions, acknowledgements: acknowledgements?.rows, inbox, records, templates, standing },
      null,
      2,
    ),
  )
else {
  console.log(machine)
  if (sessions !== undefined) {
    console.log(`\nfrom the POST being sent to the session standing; median (min…max)\n\n${table(sessions.rows)}`)
    const first = sessions.first_job_ms.toFixed(0)
    console.log(`\nthe first job of a daemon that has just started: ${first} ms (3 files, new repository)`)
  }
  if (acknowledgements !== undefined) {
    console.log('\nsigned calls over 32 connections while the worker is paused; median (min…max)')
    console.log(`\n${acknowledgementTable(acknowledgements.rows)}\n${acknowledgements.note}`)
  }
  if (inbox !== undefined) console.log(`\n${describeInbox(inbox)}`)
  if (records !== undefined) console.log(`\n${describeRecords(records)}`)
  if (templates !== undefined) console.log(`\n${describeTemplates(templates)}`)
  if (standing !== undefined) console.log(`\n${describeStanding(standing)}`)
}

async function measureSessions(
  measured: readonly Content[],
): Promise<{ readonly first_job_ms: number; readonly rows: readonly Row[] }> {
  const place = await makePlace(root, Object.fromEntries(contents.map(({ name, files }) => [name, files])), runs + 1)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void place.close().finally(() => process.exit(1)))
  }
  try {
    const first = await warmUp(place)
    const rows: Row[] = []
    for (const content of measured) rows.push(...(await measure(place, content)))
    return { first_job_ms: first, rows }
  } finally {
    await place.close()
  }
}

/** A fresh daemon's first job runs code that was never run, and a script's first clone reads git from the disk. */
async function warmUp(on: Place): Promise<number> {
  await byScript(on, 'warm-script', address(on, 'small', runs))
  const first = await byDaemon(on, 'warm-small', address(on, 'small', runs))
  await byDaemon(on, 'warm-large', address(on, 'large', runs))
  return first
}

/** They take turns, and take turns at being first, so that a drift of the machine meets all of them. */
async function measure(on: Place, { what, name, target }: Content): Promise<Row[]> {
  const fresh: number[] = []
  const known: number[] = []
  const script: number[] = []
  for (let index = 0; index < runs; index += 1) {
    const [url, project] = [address(on, name, index), `${name}-${index.toString()}`]
    const turns = [
      async () => fresh.push(await byDaemon(on, `${project}-new`, url)),
      async () => script.push(await byScript(on, `${project}-script`, url)),
      async () => known.push(await byDaemon(on, `${project}-known`, address(on, name, runs))),
    ]
    const first = index % turns.length
    for (const turn of [...turns.slice(first), ...turns.slice(0, first)]) await turn()
  }
  const row = (kind: string, daemon: readonly number[], atMost: number | null): Row => {
    const sides = { daemon: spreadOf(daemon), script: spreadOf(script) }
    const times = sides.daemon.median / sides.script.median
    return { what: `${what}, ${kind} repository`, runs, ...sides, times, target: atMost }
  }
  return [row('new', fresh, target), row('known', known, null)]
}

function address(on: Place, content: string, index: number): string {
  return `${on.server.url}/${content}-${index.toString()}.git`
}

/** Milliseconds from sending the POST, signed as GitHub signs; what follows the session's standing is waited for, outside the time. */
async function byDaemon(on: Place, project: string, url: string): Promise<number> {
  const standing = on.watch.standing(`${project}-dev`, panes)
  const body = JSON.stringify({ project_name: project, repo_url: url })
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const begunMs = performance.now()
  const response = await fetch(`${on.daemon.url}/create-session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  })
  const answer = (await response.json()) as { readonly status_url?: string }
  if (response.status !== 202) throw new Error(`POST gave ${response.status.toString()}: ${JSON.stringify(answer)}`)
  const ms = (await standing) - begunMs
  await settled(`${on.daemon.url}${answer.status_url ?? ''}`)
  await tidy(on, project)
  return ms
}

async function settled(url: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const job = (await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json()) as {
      readonly state?: string
    }
    if (job.state === 'done') return
    if (job.state === 'failed') throw new Error(`the job failed: ${JSON.stringify(job)}`)
    await sleep(25)
  }
  throw new Error('the job does not settle')
}

async function byScript(on: Place, project: string, url: string): Promise<number> {
  const standing = on.watch.standing(`${project}-dev`, panes)
  const script = join(on.root, 'test', 'bench', 'plain-session.sh')
  const begunMs = performance.now()
  const child = spawn('bash', [script, on.socketName, on.projects, project, url], {
    env: on.environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the script ended with ${String(code)}`)
  const ms = (await standing) - begunMs
  await tidy(on, project)
  return ms
}

/** Checks that there is a working copy, and removes session and copy. */
async function tidy(on: Place, project: string): Promise<void> {
  const folder = join(on.projects, project)
  await access(join(folder, 'README.md'))
  await on.endSession(`${project}-dev`)
  await rm(folder, { recursive: true })
}

function smallRepository(): Record<string, string> {
  return { 'README.md': '# Small\n', 'package.json': '{"name":"small"}\n', 'src/index.js': 'console.log(1)\n' }
}

/** 2,000 files of 1 to 3 KB in 100 folders, none like another. */
function largeRepository(): Record<string, string> {
  const files: Record<string, string> = { 'README.md': '# Large\n' }
  for (let index = 1; index < 2000; index += 1) {
    const line = (number: number) =>
      `export const value${number.toString()} = ${(index * 7919 * number).toString(36)}\n`
    const lines = Array.from({ length: 30 + (index % 60) }, (_, number) => line(number))
    files[`src/part-${(index % 100).toString()}/file-${index.toString()}.ts`] = lines.join('')
  }
  return files
}

async function machineFacts(): Promise<string> {
  const version = async (program: string, flag: string) =>
    (await promisify(execFile)(program, [flag])).stdout.trim().replace(/^(git version|tmux) /, '')
  const processors = cpus()
  const cores = `${processors.length.toString()} cores (${processors[0]?.model.trim() ?? 'unknown'})`
  return `${cores}, Node ${process.versions.node}, git ${await version('git', '--version')}, tmux ${await version('tmux', '-V')}`
}
