import * as z from 'zod'
import { messageOf } from '../support/problem.js'
import { printable } from '../support/text.js'

/** Why a call of GitHub's API came to nothing, and what that means for the calls after it. */
export type Trouble =
  /** For all calls: not before `waitMs`, or, where GitHub names no time, after longer and longer. */
  | { readonly kind: 'later'; readonly waitMs: number | undefined; readonly why: string }
  /** What the call was about is not there, or not to be seen with this token. */
  | { readonly kind: 'missing'; readonly why: string }
  /** This call would be refused again. */
  | { readonly kind: 'refused'; readonly why: string }

const hourMs = 60 * 60 * 1000

/** What @octokit/request 10 throws: status 500 where no answer came. */
const requestError = z.looseObject({
  status: z.number(),
  message: z.string(),
  response: z.looseObject({ headers: z.record(z.string(), z.unknown()) }).optional(),
})

/**
 * Judges what a call has thrown. Pure. Source: GitHub's documentation, "Rate limits for the REST API" and "Best practices
 * for using the REST API": `retry-after` first, then `x-ratelimit-reset`, else at least a minute.
 */
export function troubleOf(error: unknown, nowMs: number): Trouble {
  const parsed = requestError.safeParse(error)
  if (!parsed.success) return { kind: 'later', waitMs: undefined, why: printable(messageOf(error)) }
  const { status, message, response } = parsed.data
  const why = printable(response === undefined ? message : `${status.toString()}: ${message}`)
  if (response === undefined || status >= 500) {
    return { kind: 'later', waitMs: retryAfterMs(response?.headers ?? {}), why }
  }
  switch (status) {
    case 401:
      return { kind: 'later', waitMs: 10 * 60 * 1000, why: `${why}; check the token of github.token_file` }
    case 404:
    case 410:
      return { kind: 'missing', why }
    case 403:
    case 429: {
      const waitMs = limitMs(response.headers, nowMs)
      if (waitMs !== undefined) return { kind: 'later', waitMs, why }
      if (status === 429 || /rate limit|abuse/i.test(message)) return { kind: 'later', waitMs: 60_000, why }
      return { kind: 'refused', why }
    }
    default:
      return { kind: 'refused', why }
  }
}

type Headers = Readonly<Record<string, unknown>>

/** How long a limit of the rate asks to wait; undefined: it names none. At most an hour, which is GitHub's period. */
function limitMs(headers: Headers, nowMs: number): number | undefined {
  const after = retryAfterMs(headers)
  if (after !== undefined) return after
  if (headers['x-ratelimit-remaining'] !== '0') return undefined
  const reset = secondsIn(headers['x-ratelimit-reset'])
  return reset === undefined ? undefined : Math.min(Math.max(reset * 1000 - nowMs, 1000), hourMs)
}

function retryAfterMs(headers: Headers): number | undefined {
  const seconds = secondsIn(headers['retry-after'])
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 1) * 1000, hourMs)
}

function secondsIn(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined
}
