import { buildByDaemon, finished, plainScript, post, settled, tidy } from '../build-session.js'
import { atLeast, beside, line } from '../figures.js'
import { makePlace, type Place } from '../place.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Row } from '../row.js'
import { takeTurns } from '../turns.js'

const jobs = 100
const atOnce = 2

/** Many jobs at once, until all of their sessions stand, against as many runs of a person's own script, two at a time. */
export const burst: Row = {
  name: 'burst',
  isLong: false,
  async measure(bench) {
    const on = await makePlace(bench, makeOfFiles(threeFiles))
    const known = await on.newUrl()
    for (const project of ['first', 'second']) {
      await buildByDaemon(on, project, known)
      await tidy(on, project)
    }
    const [ofOne = [], ofMany = [], script = []] = await takeTurns(
      [
        (round) => perSecond(on, `one-${round.toString()}`, () => Promise.resolve(known), byDaemon),
        (round) => perSecond(on, `many-${round.toString()}`, () => on.newUrl(), byDaemon),
        (round) => perSecond(on, `script-${round.toString()}`, () => on.newUrl(), byScript),
      ],
      bench.pace({ least: 1, most: 10, budgetMs: 50_000, uncounted: 0 }),
    )
    const compared = (what: string, figures: readonly number[]) => {
      const ours = line('devorch', figures)
      const who = `xargs -P${atOnce.toString()} over the bash script`
      return { what, unit: 'sessions a second', lines: [ours, beside(ours, who, script, atLeast(1))] }
    }
    return [
      compared(`${jobs.toString()} jobs at once, one repository`, ofOne),
      compared(`${jobs.toString()} jobs at once, as many new repositories`, ofMany),
    ]
  },
}

interface Wanted {
  readonly project: string
  readonly url: string
}

/** @param by begins all of them; what it gives is to be called when they stand, outside the time */
async function perSecond(
  on: Place,
  name: string,
  url: () => Promise<string>,
  by: (on: Place, wanted: readonly Wanted[]) => Promise<() => Promise<unknown>>,
): Promise<number> {
  const wanted: Wanted[] = []
  for (let index = 0; index < jobs; index += 1) {
    wanted.push({ project: `${name}-${index.toString()}`, url: await url() })
  }
  // The server's own session is one more.
  const standing = on.tmux.watch.sessions(jobs + 1)
  const begunMs = performance.now()
  const finish = await by(on, wanted)
  const seconds = ((await standing) - begunMs) / 1000
  await finish()
  for (const { project } of wanted) await tidy(on, project)
  return jobs / seconds
}

async function byDaemon(on: Place, wanted: readonly Wanted[]): Promise<() => Promise<unknown>> {
  const posted = await Promise.all(wanted.map(({ project, url }) => post(on, project, url)))
  return () => Promise.all(posted.map((path) => settled(on, path)))
}

async function byScript(on: Place, wanted: readonly Wanted[]): Promise<() => Promise<unknown>> {
  const lines = wanted.map(({ project, url }) => `${project} ${url}\n`).join('')
  await finished(on, ['xargs', '-L1', `-P${atOnce.toString()}`, ...plainScript(on)], lines)
  return () => Promise.resolve()
}
