import type { JobRecord } from '../job/record.js'
import type { JobResult } from '../job/result.js'
import { buildSession, type OnStep } from '../session/build.js'
import { endSession } from '../session/end.js'
import { restartSession, restoreSession } from '../session/restart.js'
import { sessionNameOf } from '../session/name.js'
import type { SessionTools } from '../session/tools.js'
import { Problem } from '../support/problem.js'
import { lockSession } from './lock-session.js'

const lockWaitMs = 60_000

/** Does what a job asks for, under the lock of its session, since `devorch create` may run beside the daemon. */
export async function performJob(
  record: JobRecord,
  tools: SessionTools,
  signal: AbortSignal,
  onStep?: OnStep,
): Promise<JobResult> {
  const name = sessionNameOf(record.job.project_name)
  const lock = await lockSession(name, tools, { waitMs: lockWaitMs, signal })
  if (lock === 'held') {
    throw new Problem({
      doing: `begin with the session ${name}`,
      because: 'another job of the same session has been running for a minute',
      remedy: 'wait for it',
      transient: true,
    })
  }
  try {
    switch (record.job.action) {
      case 'create':
        return await buildSession(record, tools, signal, onStep)
      case 'destroy':
        return await endSession(name, tools, record.attempts > 1)
      case 'restart':
        return await restartSession(name, tools, signal)
      case 'restore':
        return await restoreSession(name, tools, signal)
      case 'send':
        throw new Problem({
          doing: `${record.job.action} ${name}`,
          because: 'this action is not built yet',
          remedy: `attach instead: ${tools.tmux.attachCommand(name).join(' ')}`,
          field: 'action',
        })
    }
  } finally {
    await lock.release()
  }
}
