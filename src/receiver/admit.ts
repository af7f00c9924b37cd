import type { Context } from 'koa'
import { fail, failForNow } from './answer.js'
import { authenticate, type Accepted } from './authenticate.js'
import type { ReceiverPorts } from './ports.js'

/** Bearer, Basic or, without secrets, the same user; counts against the rate either way. Undefined: was refused. */
export async function admit(context: Context, ports: ReceiverPorts): Promise<Accepted | undefined> {
  if (await overRate(context, ports)) return undefined
  const caller = await authenticate(context.req, ports.secrets)
  if (caller.kind !== 'refused') return caller
  fail(context, caller.status, caller.message)
  return undefined
}

/** Counts a call against its address; where that has had its share, it was answered so. */
export async function overRate(context: Context, ports: ReceiverPorts): Promise<boolean> {
  const waitS = await ports.rateLimit.take(context.ip)
  if (waitS === undefined) return false
  failForNow(context, 429, `too many calls from this address; wait ${waitS.toString()} s`, waitS)
  return true
}
