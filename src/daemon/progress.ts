import type { JobId } from '../job/id.js'
import type { OnStep } from '../session/build.js'

/** What the running jobs are at, for those who ask; in memory only. */
export interface Progress {
  /** Follows a job until `work` ends. */
  follow<T>(id: JobId, work: (onStep: OnStep) => Promise<T>): Promise<T>
  /** The step that was begun last and goes on; undefined where the job does not run. */
  stepOf(id: JobId): string | undefined
}

export function createProgress(): Progress {
  const running = new Map<JobId, string[]>()
  return {
    async follow(id, work) {
      // Until the first step, what a job does is to wait for the others of its session.
      const steps = ['begin']
      running.set(id, steps)
      try {
        return await work((name, ms) => {
          const step = name.replace(/_ms$/, '')
          if (ms === undefined) steps.push(step)
          else steps.splice(steps.lastIndexOf(step), 1)
        })
      } finally {
        running.delete(id)
      }
    },
    stepOf: (id) => running.get(id)?.at(-1),
  }
}
