import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { messageOf } from '../support/problem.js'
import { printable } from '../support/text.js'
import { authenticate, hasSecrets } from './authenticate.js'
import { createSessionRoute } from './create-session.js'
import { parseJobId } from '../job/id.js'
import type { ReceiverPorts } from './ports.js'
import { describeJob, fail } from './answer.js'

/** The HTTP interface: turns calls into job files, and tells of jobs and sessions. */
export function createApp(ports: ReceiverPorts): Koa {
  const router = new Router()
  const create = createSessionRoute(ports)

  router.post('/create-session', create)

  router.get('/healthz', (context) => {
    context.body = { status: 'ok' }
  })

  router.get('/readyz', async (context) => {
    const because = await ports.notReady()
    if (because !== undefined) ports.log.warn('not ready', { because })
    context.status = because === undefined ? 200 : 503
    context.body = { status: because === undefined ? 'ready' : 'not ready' }
  })

  router.get('/jobs/:id', guarded(ports), async (context) => {
    const id = parseJobId(String(context.params['id']))
    const job = id === undefined ? undefined : await ports.findJob(id)
    if (job === undefined) {
      fail(context, 404, 'there is no such job; it may have been pruned')
      return
    }
    context.body = describeJob(job, ports)
  })

  router.get('/sessions', guarded(ports), async (context) => {
    context.body = { sessions: await ports.sessions() }
  })

  router.get('/sessions/:name', guarded(ports), async (context) => {
    const session = await ports.session(String(context.params['name']))
    if (session === undefined) fail(context, 404, 'there is no such session; see GET /sessions')
    else context.body = session
  })

  router.delete('/sessions/:name', guarded(ports), async (context) => {
    const session = await ports.session(String(context.params['name']))
    if (session === undefined) {
      fail(context, 404, 'there is no such session; see GET /sessions')
      return
    }
    const origin = {
      kind: 'http',
      address: context.ip,
      delivery_id: null,
      subject: null,
      sender: null,
      trusted: true,
    } as const
    const id = await ports.drop({ project_name: session.project, action: 'destroy' }, origin)
    context.status = 202
    context.body = { status: 'queued', session_name: session.name, job_id: id, status_url: `/jobs/${id}` }
  })

  const app = new Koa()
  app.use(access(ports))
  app.use(router.routes())
  app.use((context) => {
    fail(context, 404, 'there is nothing here; see POST /create-session, GET /sessions')
  })
  // Koa's own handler writes to the console; access() has answered and logged by then.
  app.silent = true
  return app
}

/** One log line a request, and the last resort: what was thrown becomes an answer, never an open connection. */
function access(ports: ReceiverPorts): Koa.Middleware {
  return async (context, next) => {
    const begunMs = performance.now()
    try {
      await next()
    } catch (error) {
      const full = ['ENOSPC', 'EROFS', 'EDQUOT', 'EMFILE', 'ENFILE', 'EACCES', 'EIO'].includes(codeIn(error))
      if (full) {
        context.set('Retry-After', '60')
        fail(context, 503, `the job could not be stored (${codeIn(error)}); nothing was queued, send it again later`)
      } else {
        fail(context, 500, 'the call failed unexpectedly; the log says why')
      }
      ports.log.error('call failed', { path: context.path, error })
    }
    ports.log.info('request', {
      method: context.method,
      path: printable(context.path, 100),
      status: context.status,
      ms: Math.round(performance.now() - begunMs),
      address: context.ip,
      event: header(context, 'x-github-event'),
      delivery: header(context, 'x-github-delivery'),
      ...(context.state['log'] as Record<string, unknown> | undefined),
    })
  }
}

function header(context: Context, name: string): string | undefined {
  const value = context.get(name)
  return value === '' ? undefined : printable(value, 80)
}

function codeIn(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
}

/** Bearer, Basic or, without secrets, the same user; counts against the rate either way. */
function guarded(ports: ReceiverPorts): Koa.Middleware {
  return async (context, next) => {
    const waitS = await ports.rateLimit.take(context.ip)
    if (waitS !== undefined) {
      context.set('Retry-After', waitS.toString())
      fail(context, 429, `too many calls from this address; wait ${waitS.toString()} s`)
      return
    }
    const caller = await authenticate(context.req, ports.secrets)
    if (caller.kind === 'refused') {
      if (caller.status === 401 && hasSecrets(ports.secrets))
        context.set('WWW-Authenticate', 'Bearer, Basic realm="dev-orchestrator"')
      fail(context, caller.status, caller.message)
      return
    }
    await next()
  }
}
