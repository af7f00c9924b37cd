import type { Context } from 'koa'
import type { Job } from '../../job/job.js'
import { formatFieldProblem } from '../../support/field-problem.js'
import { fail, note } from '../answer.js'
import type { ReceiverPorts } from '../ports.js'
import { answerDuplicate, queueJob } from '../queue-job.js'
import { createAnsweredDeliveries, type Answered } from './answered.js'
import { decideEvent } from './decide.js'

/**
 * Answers a delivery whose signature was verified: `ping`; a job that a rule makes of it; `duplicate` where the
 * delivery, or its subject, has its job or session already; else `ignored` with the reason.
 */
export function createEventRoute(ports: ReceiverPorts): (context: Context, payload: unknown) => Promise<void> {
  const answered = createAnsweredDeliveries()

  return async (context, payload) => {
    const event = context.get('x-github-event')
    if (event === 'ping') {
      context.body = { status: 'ok', message: 'pong' }
      return
    }
    const decision = await decideEvent(event, payload, ports.github.rules, ports.github.policy)
    if (decision.kind === 'ignored') {
      ignore(context, decision.reason)
      return
    }
    const { job, rule, subject, sender } = decision
    note(context, { rule, subject, sender: sender ?? undefined })
    const problems = await ports.checkJob(job)
    if (problems.length > 0) {
      const wrong = problems.map(formatFieldProblem).join('; ')
      ignore(context, `the rule "${rule}" gives a job that can't be done: ${wrong}`)
      return
    }
    const delivery = context.get('x-github-delivery')
    if (delivery === '') {
      fail(context, 400, 'X-GitHub-Delivery is missing, without which a repetition could not be told')
      return
    }
    const nothing = (await stillAnswered(answered.find(delivery), ports)) ?? (await needless(job, subject, ports))
    if (nothing !== undefined) {
      answered.note(delivery, nothing)
      if (nothing.kind === 'duplicate') answerDuplicate(context, nothing.id)
      else ignore(context, nothing.reason)
      return
    }
    const origin = {
      kind: 'github',
      address: context.ip,
      delivery_id: delivery,
      subject,
      sender,
      // What an issue says is data for the agent, whoever wrote it.
      trusted: false,
    } as const
    await queueJob(context, job, { origin, key: `delivery:${delivery}` }, ports)
  }
}

/** The same answer once more, unless the job that it named has failed since: then it is a new attempt. */
async function stillAnswered(before: Answered | undefined, ports: ReceiverPorts): Promise<Answered | undefined> {
  if (before?.kind !== 'duplicate') return before
  return (await ports.findJob(before.id))?.state === 'failed' ? undefined : before
}

/** Why a job need not be done as things stand; undefined: it is queued. */
async function needless(job: Job, subject: string, ports: ReceiverPorts): Promise<Answered | undefined> {
  const [pending, standing] = await Promise.all([ports.pending(job.project_name), ports.standingJob(job)])
  switch (job.action) {
    case 'create': {
      // What stands or is under way is going to be ended: then this is a new session.
      if (pending.some((one) => one.job?.action === 'destroy')) return undefined
      const same = pending.find((one) => one.job?.action === 'create' && one.origin?.subject === subject)
      const id = same?.id ?? standing
      return id === undefined ? undefined : { kind: 'duplicate', id }
    }
    case 'send': {
      // Another repository's issue may lead to the same name, and what is said there is not for this agent.
      const makers = [...pending, ...(standing === undefined ? [] : [await ports.findJob(standing)])]
      const other = makers.find((one) => (one?.origin?.subject ?? subject) !== subject)?.origin?.subject
      if (other !== undefined && other !== null) {
        return { kind: 'ignored', reason: `the session of that name is about ${other}` }
      }
      if (makers.length > 0) return undefined
      return { kind: 'ignored', reason: `no session stands for ${subject}` }
    }
    case 'destroy':
    case 'restart':
    case 'restore':
      if (standing !== undefined || pending.length > 0) return undefined
      return { kind: 'ignored', reason: `no session stands for ${subject}` }
  }
}

function ignore(context: Context, reason: string): void {
  context.body = { status: 'ignored', reason }
  note(context, { ignored: reason })
}
