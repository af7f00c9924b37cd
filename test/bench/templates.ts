import { readFileSync } from 'node:fs'
import { mkdtemp, mkdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { chooseTemplate } from '../../src/template/choose.js'
import { createCatalogue, type Catalogue } from '../../src/template/catalogue.js'
import { makeManyTemplates, manyTemplateId } from '../support/many-templates.js'
import { spreadOf, verdict, type Spread } from './figures.js'

/** What a catalogue of some size takes. Milliseconds, unless the name says otherwise. */
export interface TemplateFigures {
  readonly what: string
  readonly templates: number
  /** All is read. */
  readonly firstMs: number
  /** The processor's share of that. */
  readonly firstCpuMs: number
  /** The longest that it and the looks that follow held the event loop, in time of the processor. */
  readonly heldMs: number
  /** The catalogue's own memory, after collecting garbage. */
  readonly heapMb: number
  readonly unchangedMs: Spread
  readonly unchangedCpuMs: number
  /** One template was changed before. */
  readonly changedMs: number
  /** With whatever is made for choosing. */
  readonly firstChoiceMs: number
  /** Of all the texts. */
  readonly choiceMs: Spread
  /** The median of the text that takes longest, one of 1,500 characters. */
  readonly longestChoiceMs: number
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
      const figures = await measure(load, own, { count, runs })
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
  { count, runs }: { readonly count: number; readonly runs: number },
): Promise<Omit<TemplateFigures, 'what' | 'choiceAtMostMs'>> {
  // What was changed just now is read again, since a further change in the same instant could not be told from it.
  await sleep(2500)
  const before = heapMb()
  const held = watchLoop()
  const first = await timed(load)
  const catalogue = first.result
  const looks: Timed<Catalogue>[] = []
  for (let run = 0; run < runs; run += 1) looks.push(await timed(load))
  const heldMs = held.stop()
  if (looks.some(({ result }) => result !== catalogue)) throw new Error('it was made anew, though nothing has changed')
  const mb = heapMb() - before
  const firstChoiceMs = await choiceMs(catalogue, texts[0] ?? '')
  const choices: number[][] = []
  for (const text of texts) {
    const taken: number[] = []
    for (let run = 0; run < runs * 10; run += 1) taken.push(await choiceMs(catalogue, text))
    choices.push(taken)
  }
  if (count > 0) await utimes(join(own, manyTemplateId(0), 'README.md'), new Date(), new Date())
  const changed = await timed(load)
  return {
    templates: catalogue.templates.size,
    firstMs: first.ms,
    firstCpuMs: first.cpuMs,
    heldMs,
    heapMb: mb,
    unchangedMs: spreadOf(looks.map(({ ms }) => ms)),
    unchangedCpuMs: spreadOf(looks.map(({ cpuMs }) => cpuMs)).median,
    changedMs: changed.ms,
    firstChoiceMs,
    choiceMs: spreadOf(choices.flat()),
    longestChoiceMs: Math.max(...choices.map((taken) => spreadOf(taken).median)),
  }
}

/**
 * What this thread has had of the processor (proc_pid_schedstat: nanoseconds) is noted once in each turn of the loop, so
 * that the wait for a core on a busy machine does not count.
 */
function watchLoop(): { stop(): number } {
  const usedMs = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  let before = usedMs()
  let most = 0
  const note = () => {
    const now = usedMs()
    most = Math.max(most, now - before)
    before = now
  }
  const timer = setInterval(note, 1)
  return {
    stop() {
      clearInterval(timer)
      note()
      return most
    },
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

async function choiceMs(catalogue: Catalogue, summary: string): Promise<number> {
  const begunMs = performance.now()
  await chooseTemplate(catalogue, { summary })
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
        `  the event loop was held at most: ${verdict(row.heldMs, 100, 'ms')} of the processor`,
        `  a choice: ${choice.median.toFixed(3)} ms (at most ${row.choiceAtMostMs.toString()}: ${met}); of the longest text: ${row.longestChoiceMs.toFixed(3)} ms; the first: ${row.firstChoiceMs.toFixed(1)} ms`,
      ].join('\n')
    })
    .join('\n')
}
