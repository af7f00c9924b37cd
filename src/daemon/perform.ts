import type { Job, Origin } from '../job/job.js'
import type { JobRecord } from '../job/record.js'
import type { JobResult } from '../job/result.js'
import { buildSession, type OnStep } from '../session/build.js'
import { endSession } from '../session/end.js'
import { expiryOf, useOf } from '../session/expiry.js'
import { messageOfJob } from '../session/message.js'
import { restartSession, restoreSession } from '../session/restart.js'
import { sessionNameOf, type SessionName } from '../session/name.js'
import { sendText } from '../session/send.js'
import type { SessionTools } from '../session/tools.js'
import { once } from '../support/once.js'
import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { takeSession } from './lock-session.js'

/**
 * Does what a job asks for, under the lock of its session, since `devorch create` may run beside the daemon.
 * @param keep a removed session's working copy stays where it is
 */
export async function performJob(
  record: JobRecord,
  tools: SessionTools,
  signal: AbortSignal,
  onStep?: OnStep,
  keep = false,
): Promise<JobResult> {
  const ended = new AbortController()
  const name = sessionNameOf(record.job.project_name)
  const lock = once(() => takeSession(name, tools, AbortSignal.any([signal, ended.signal])))
  try {
    const { action } = record.job
    // Of a new session much can be made before.
    if (action === 'create') return await buildSession(record, tools, signal, lock.begin, onStep)
    await lock.begin()
    return await performLocked(action, name, record, tools, signal, keep)
  } finally {
    ended.abort()
    const [held] = await Promise.allSettled([lock.begun()])
    if (held.status === 'fulfilled') await held.value?.release()
  }
}

async function performLocked(
  action: Exclude<Job['action'], 'create'>,
  name: SessionName,
  record: JobRecord,
  tools: SessionTools,
  signal: AbortSignal,
  keep: boolean,
): Promise<JobResult> {
  switch (action) {
    case 'destroy':
      return await destroy(name, record, tools, keep)
    case 'restart':
      return await restartSession(name, tools, signal)
    case 'restore':
      return await restoreSession(name, tools, signal)
    case 'send':
      return await send(name, record, tools, signal)
  }
}

async function send(
  name: SessionName,
  { id, job, origin }: JobRecord,
  tools: SessionTools,
  signal: AbortSignal,
): Promise<JobResult> {
  const message = messageOfJob(job.text ?? '', origin)
  if (message.ok) return await sendText({ name, text: message.text, jobId: id }, tools, signal)
  const { field, message: because, remedy } = message.problem
  throw new Problem({ doing: `send to the session ${name}`, because: `the text ${because}`, remedy, field })
}

async function destroy(
  name: SessionName,
  { origin, attempts }: JobRecord,
  tools: SessionTools,
  keep: boolean,
): Promise<JobResult> {
  const request = { name, keep, again: attempts > 1 }
  if (origin.kind !== 'daemon') return await endSession({ ...request, why: askedBy(origin) }, tools)
  // Its time was over when the job was dropped; somebody may be at work in it by now.
  const known = await tools.registry.read(name)
  const use = known === undefined ? undefined : await useOf(name, known, await tools.tmux.listActivity(), tools)
  const why = known === undefined || use === undefined ? '' : expiryOf(known, use, tools.config.sessions, tools.now())
  // One whose removal was cut off has ended already.
  if (why !== undefined || known?.removed !== undefined) {
    return await endSession({ ...request, why: why ?? 'its time was over' }, tools)
  }
  return { status: 'existing', session: name, finished_at: tools.now().toISOString() }
}

/** `asked for by github: acme/shop#7, ann` */
function askedBy({ kind, subject, sender }: Origin): string {
  const who = [subject, sender].filter((text) => text !== null).join(', ')
  return `asked for by ${kind}${who === '' ? '' : `: ${printable(who, 200)}`}`
}
