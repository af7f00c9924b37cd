import { readFileSync } from 'node:fs'
import { mkdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { chooseTemplate } from '../../../src/template/choose.js'
import { createCatalogue, type Catalogue } from '../../../src/template/catalogue.js'
import { makeManyTemplates, manyTemplateId } from '../../support/many-templates.js'
import { atMost, line, spreadOf, type Comparison } from '../figures.js'
import type { Row } from '../row.js'

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

/** The shipped templates alone, or beside many plain folders: reading the catalogue, looking at it again, choosing. */
export const templates: readonly Row[] = [
  rowOf({ name: 'templates', counts: [0, 300], choiceAtMostMs: 1, isLong: false }),
  rowOf({ name: 'templates-10000', counts: [10_000], choiceAtMostMs: 10, isLong: true }),
]

interface Size {
  readonly name: string
  /** Of plain folders. */
  readonly counts: readonly number[]
  readonly choiceAtMostMs: number
  readonly isLong: boolean
}

function rowOf({ name, counts, choiceAtMostMs, isLong }: Size): Row {
  return {
    name,
    isLong,
    async measure(bench) {
      const shipped = join(bench.root, 'templates')
      const { least: runs } = bench.pace({ least: 10, most: 10, budgetMs: 0 })
      const comparisons: Comparison[] = []
      for (const count of counts) {
        const own = join(bench.folder, count.toString())
        await mkdir(own)
        await makeManyTemplates(own, count)
        comparisons.push(...(await measure(createCatalogue([shipped, own]), own, { count, runs, choiceAtMostMs })))
      }
      return comparisons
    },
  }
}

async function measure(
  load: () => Promise<Catalogue>,
  own: string,
  { count, runs, choiceAtMostMs }: { readonly count: number; readonly runs: number; readonly choiceAtMostMs: number },
): Promise<Comparison[]> {
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
  const longest = choices.reduce((one, other) => (spreadOf(other).median > spreadOf(one).median ? other : one))
  const what = `${catalogue.templates.size.toLocaleString('en')} templates`
  return [
    {
      what: `a choice among ${what}`,
      unit: 'ms',
      lines: [
        line('devorch', choices.flat(), atMost(choiceAtMostMs)),
        line('the text that takes longest', longest),
        line('the first choice, which makes the index', [firstChoiceMs]),
      ],
    },
    {
      what: `${what} read`,
      unit: 'ms',
      lines: [
        line('for the first time', [first.ms]),
        line('of the processor', [first.cpuMs]),
        line(
          'looked at again, nothing changed',
          looks.map(({ ms }) => ms),
        ),
        line('looked at again, one changed', [changed.ms]),
        line('the longest turn of the event loop, of the processor', [heldMs], atMost(100)),
      ],
    },
    { what: `${what}, kept in memory`, unit: 'MiB', lines: [line('devorch', [mb])] },
  ]
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
