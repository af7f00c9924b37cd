import { mkdtemp, mkdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { chooseTemplate } from '../../src/template/choose.js'
import { createCatalogue, type Catalogue } from '../../src/template/catalogue.js'
import { makeManyTemplates, manyTemplateId } from '../support/many-templates.js'
import { spreadOf, verdict, type Spread } from './figures.js'
import { startIdle } from './inbox.js'

/** What a catalogue of some size takes. Milliseconds, unless the name says otherwise. */
export interface TemplateFigures {
  readonly what: string
  readonly templates: number
  /** All is read. */
  readonly firstMs: number
  /** The processor's share of that. */
  readonly firstCpuMs: number
  /** The most that the event loop was late meanwhile, and in the looks that follow. */
  readonly loopDelayMaxMs: number
  /** The same of a process that did nothing meanwhile. */
  readonly idleDelayMaxMs: number
  /** The catalogue's own memory, after collecting garbage. */
  readonly heapMb: number
  readonly unchangedMs: Spread
  readonly unchangedCpuMs: number
  /** One template was changed before. */
  readonly changedMs: number
  /** With whatever is made for choosing. */
  readonly firstChoiceMs: number
  /** Of the text that takes longest. */
  readonly choiceMs: Spread
  /** What the median may be at most. */
  readonly choiceAtMostMs: number
}

const texts: readonly string[] = [
  'A small react dashboard for our sensors, with a dark theme and charts',
  'Build an HTTP API in Python with FastAPI that stores orders in postgres',
  'We need a tool that renames photos by the date they were taken',
  'Migrate the old Django admin to something else; not React',
  'acme-portal boilerplate',
  'An internal wiki with full text search, single sign on and an audit log. '.repeat(20),
  'Ein Werkzeug für die Kommandozeile in Rust, das Logdateien zusammenfasst',
  'chat with stripe and i18n',
  '',
]

/** The shipped templates alone, then beside many plain folders. @param root of the checkout */
export async function measureTemplates(root: string, runs: number): Promise<TemplateFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'devorch-bench-'))
  const shipped = join(root, 'templates')
  try {
    const rows: TemplateFigures[] = []
    for (const [what, count, atMost] of [
      ['shipped', 0, 1],
      ['shipped and 300 plain folders', 300, 1],
      ['shipped and 10,000 plain folders', 10_000, 10],
    ] as const) {
      const own = join(folder, count.toString())
      await mkdir(own)
      await makeManyTemplates(own, count)
      const load = createCatalogue([shipped, own])
      const figures = await measure(load, own, { count, runs, idleFile: join(folder, 'idle.json') })
      rows.push({ what, ...figures, choiceAtMostMs: atMost })
    }
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(
  load: () => Promise<Catalogue>,
  own: string,
  { count, runs, idleFile }: { readonly count: number; readonly runs: number; readonly idleFile: string },
): Promise<Omit<TemplateFigures, 'what' | 'choiceAtMostMs'>> {
  // What was changed just now is read again, since a further change in the same instant could not be told from it.
  await sleep(2500)
  const before = heapMb()
  const idle = await startIdle(idleFile)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const first = await timed(load)
  const catalogue = first.result
  const looks: Timed<Catalogue>[] = []
  for (let run = 0; run < runs; run += 1) looks.push(await timed(load))
  delay.disable()
  const { loopDelayMaxMs: idleDelayMaxMs } = await idle.stop()
  if (looks.some(({ result }) => result !== catalogue)) throw new Error('it was made anew, though nothing has changed')
  const mb = heapMb() - before
  const firstChoiceMs = choiceMs(catalogue, texts[0] ?? '')
  const choices = texts.map((text) => spreadOf(Array.from({ length: runs * 10 }, () => choiceMs(catalogue, text))))
  if (count > 0) await utimes(join(own, manyTemplateId(0), 'README.md'), new Date(), new Date())
  const changed = await timed(load)
  return {
    templates: catalogue.templates.size,
    firstMs: first.ms,
    firstCpuMs: first.cpuMs,
    loopDelayMaxMs: delay.max / 1e6,
    idleDelayMaxMs,
    heapMb: mb,
    unchangedMs: spreadOf(looks.map(({ ms }) => ms)),
    unchangedCpuMs: spreadOf(looks.map(({ cpuMs }) => cpuMs)).median,
    changedMs: changed.ms,
    firstChoiceMs,
    choiceMs: choices.reduce((a, b) => (a.median > b.median ? a : b)),
  }
}

interface Timed<T> {
  readonly result: T
  readonly ms: number
  readonly cpuMs: number
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const [begunMs, begun] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(begun)
  return { result, ms: performance.now() - begunMs, cpuMs: (user + system) / 1000 }
}

function choiceMs(catalogue: Catalogue, summary: string): number {
  const begunMs = performance.now()
  chooseTemplate(catalogue, { summary })
  return performance.now() - begunMs
}

function heapMb(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed / 1024 ** 2
}

/** The figures in words, with what they may be at most. */
export function describeTemplates(rows: readonly TemplateFigures[]): string {
  return rows
    .map((row) => {
      const { unchangedMs: again, choiceMs: choice } = row
      const met = choice.median <= row.choiceAtMostMs ? 'met' : 'MISSED'
      return [
        `${row.what}, ${row.templates.toString()} templates`,
        `  read for the first time: ${row.firstMs.toFixed(0)} ms (processor: ${row.firstCpuMs.toFixed(0)}), ${row.heapMb.toFixed(1)} MiB`,
        `  looked at again, nothing changed: ${again.median.toFixed(0)} ms (${again.min.toFixed(0)}…${again.max.toFixed(0)}; processor: ${row.unchangedCpuMs.toFixed(0)}); one changed: ${row.changedMs.toFixed(0)} ms`,
        `  delay of the event loop meanwhile, the most: ${verdict(row.loopDelayMaxMs, 100, 'ms')}; of an idle process: ${row.idleDelayMaxMs.toFixed(0)} ms`,
        `  a choice: ${choice.median.toFixed(3)} ms (at most ${row.choiceAtMostMs.toString()}: ${met}); the first: ${row.firstChoiceMs.toFixed(1)} ms`,
      ].join('\n')
    })
    .join('\n')
}
