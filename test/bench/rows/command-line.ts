import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildByDaemon } from '../build-session.js'
import { atMost, beside, line, type Bound } from '../figures.js'
import { timedNode } from '../node.js'
import { makePlace } from '../place.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Row } from '../row.js'
import { takeTurns } from '../turns.js'

const sessions = 10

/** How long a person waits for the program, against node alone. */
export const commandLine: Row = {
  name: 'command-line',
  isLong: false,
  async measure(bench) {
    const on = await makePlace(bench, makeOfFiles(threeFiles))
    const url = await on.newUrl()
    for (let index = 0; index < sessions; index += 1) await buildByDaemon(on, `shop-${index.toString()}`, url)
    const empty = join(bench.folder, 'empty')
    await mkdir(empty)
    const devorch = (home: string, verb: string) => () =>
      timedNode(bench, [join(bench.root, 'dist', 'main.js'), verb], { DEVORCH_HOME: home })
    const [none = [], some = [], version = [], node = []] = await takeTurns(
      [devorch(empty, 'ls'), devorch(on.home, 'ls'), devorch(empty, '--version'), () => timedNode(bench, ['-e', '0'])],
      bench.pace({ least: 5, most: 20, budgetMs: 20_000 }),
    )
    const compared = (what: string, figures: readonly number[], bound: Bound | null) => {
      const ours = line('devorch', figures, bound)
      return { what, unit: 'ms', lines: [ours, beside(ours, 'floor: node -e 0', node)] }
    }
    return [
      compared('devorch ls, no session', none, atMost(150)),
      compared(`devorch ls, ${sessions.toString()} sessions`, some, atMost(150)),
      compared('devorch --version', version, null),
    ]
  },
}
