import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { parseJobId } from '../job/id.js'
import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { admit } from './admit.js'
import { describeWithProgress, fail, failForNow } from './answer.js'
import type { Accepted } from './authenticate.js'
import { callerAddress } from './caller-address.js'
import { createSessionRoute } from './create-session.js'
import type { ReceiverPorts } from './ports.js'
import { provenanceOf, queueJob } from './queue-job.js'

/** The HTTP interface: turns calls into job files, and tells of jobs and sessions. */
export function createApp(ports: ReceiverPorts): Koa {
  const router = new Router()

  router.post('/create-session', createSessionRoute(ports))

  router.get('/healthz', (context) => {
    context.body = { status: 'ok' }
  })

  router.get('/readyz', async (context) => {
    const because = await ports.notReady()
    if (because !== undefined) ports.log.warn('not ready', { because })
    context.status = because === undefined ? 200 : 503
    context.body = { status: because === undefined ? 'ready' : 'not ready' }
  })

  router.get(
    '/jobs/:id',
    guarded(ports, async (context) => {
      const id = parseJobId(parameter(context, 'id'))
      const job = id === undefined ? undefined : await ports.findJob(id)
      if (job === undefined) fail(context, 404, 'there is no such job; it may have been pruned')
      else context.body = await describeWithProgress(job, ports)
    }),
  )

  router.get(
    '/sessions',
    guarded(ports, async (context) => {
      context.body = { sessions: await ports.sessions() }
    }),
  )

  router.get(
    '/sessions/:name',
    guarded(ports, async (context) => {
      const session = await ports.session(parameter(context, 'name'))
      if (session === undefined) fail(context, 404, 'there is no such session; see GET /sessions')
      else context.body = session
    }),
  )

  router.delete(
    '/sessions/:name',
    guarded(ports, async (context, caller) => {
      const session = await ports.session(parameter(context, 'name'))
      if (session === undefined) fail(context, 404, 'there is no such session; see GET /sessions')
      else {
        const job = { project_name: session.project, action: 'destroy' } as const
        await queueJob(context, job, provenanceOf(context, job, caller), ports)
      }
    }),
  )

  const app = new Koa()
  app.use(access(ports))
  app.use(answerUnknown)
  app.use(router.routes())
  app.use(router.allowedMethods())
  // Koa's own handler writes to the console; access() has answered and logged by then.
  app.silent = true
  return app
}

/** One log line a request, and the last resort: what was thrown becomes an answer, never an open connection. */
function access(ports: ReceiverPorts): Koa.Middleware {
  return async (context, next) => {
    const begunMs = performance.now()
    const path = printable(context.path, 100)
    context.request.ip = callerAddress(
      context.req.socket.remoteAddress,
      context.get('x-forwarded-for'),
      ports.isTrustedProxy,
    )
    try {
      await next()
    } catch (error) {
      if (!(error instanceof Problem)) fail(context, 500, 'the call failed unexpectedly; the log says why')
      else if (error.transient) failForNow(context, 503, error.message, 10)
      else fail(context, 500, error.message)
      ports.log.error('call failed', { path, error })
    }
    ports.log.info('request', {
      method: context.method,
      path,
      status: context.status,
      ms: Math.round(performance.now() - begunMs),
      address: context.ip,
      event: header(context, 'x-github-event'),
      delivery: header(context, 'x-github-delivery'),
      ...(context.state['log'] as Record<string, unknown> | undefined),
    })
  }
}

/** Words for what no route has answered. */
async function answerUnknown(context: Context, next: Koa.Next): Promise<void> {
  await next()
  if (context.body !== undefined && context.body !== null) return
  const allowed = context.response.get('Allow')
  if (context.status === 404) fail(context, 404, 'there is nothing here; see POST /create-session, GET /sessions')
  else if (context.status === 405) fail(context, 405, `this path takes ${allowed} only`)
  else if (context.status === 501) fail(context, 501, 'this method is not known here')
}

function header(context: Context, name: string): string | undefined {
  const value = context.get(name)
  return value === '' ? undefined : printable(value, 80)
}

function parameter(context: Context, name: string): string {
  return String((context['params'] as Record<string, unknown>)[name])
}

/** Lets through who may ask. */
function guarded(
  ports: ReceiverPorts,
  answer: (context: Context, caller: Accepted) => Promise<void>,
): (context: Context) => Promise<void> {
  return async (context) => {
    const caller = await admit(context, ports)
    if (caller !== undefined) await answer(context, caller)
  }
}
