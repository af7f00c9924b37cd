import { randomBytes } from 'node:crypto'

declare const brand: unique symbol
/** `20261122T210431123Z-test-app-k3f9ab`: sorts by time, tells what it is for, and is a safe file name. */
export type JobId = string & { readonly [brand]: 'JobId' }

const pattern = /^\d{8}T\d{9}Z-[a-z0-9-]{1,40}-[0-9a-f]{8}$/

/** Makes an id. `about` (a project's or file's name) is only a help for the reader: any text will do. */
export function newJobId(about: string, now: Date): JobId {
  const stamp = now.toISOString().replace(/[-:.]/g, '')
  const slug = about
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return `${stamp}-${slug === '' ? 'job' : slug}-${randomBytes(4).toString('hex')}` as JobId
}

/** The text as a job id, or undefined: what is not shaped like one never becomes part of a path. */
export function parseJobId(text: string): JobId | undefined {
  return pattern.test(text) ? (text as JobId) : undefined
}
