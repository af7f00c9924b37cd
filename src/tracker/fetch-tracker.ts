import type { Resolve } from '../support/address.js'
import { fetchBounded } from '../support/fetch.js'
import { Problem } from '../support/problem.js'
import { maxTrackerBytes } from './tracker-file.js'

export interface FetchTrackerOptions {
  readonly timeoutMs: number
  /** True: private addresses and http too (`repositories.private_addresses`). */
  readonly allowPrivate: boolean
  readonly allowHosts?: readonly string[] | undefined
  readonly resolve?: Resolve | undefined
}

/**
 * Fetches the tracker that `tracker_url` names; the text is byte-exact.
 * @throws Problem, field `tracker_url`: not reachable, not allowed, larger than 1 MiB, empty, or not UTF-8 text
 */
export async function fetchTracker(url: string, options: FetchTrackerOptions): Promise<string> {
  const fetched = await fetchBounded(url, { ...options, maxBytes: maxTrackerBytes })
  if (!fetched.ok) throw problem(url, fetched.because, fetched.remedy, fetched.transient)
  if (/^text\/html\b/i.test(fetched.contentType)) {
    throw problem(url, 'it is a web page, not a text file', 'give the address of the raw file')
  }
  const text = decode(fetched.bytes)
  if (text?.includes('\0') !== false) throw problem(url, 'it is not UTF-8 text', 'save it as UTF-8')
  if (text.trim() === '') throw problem(url, 'it is empty', 'write something into it, or leave tracker_url out')
  return text
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function problem(url: string, because: string, remedy: string, transient = false): Problem {
  return new Problem({
    doing: `fetch the tracker from ${shown(url)}`,
    because,
    remedy,
    field: 'tracker_url',
    transient,
  })
}

/** The address without what may be secret: user, query, fragment. */
function shown(url: string): string {
  if (!URL.canParse(url)) return 'tracker_url'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`.slice(0, 200)
}
