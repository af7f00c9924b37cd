import { randomBytes } from 'node:crypto'

declare const brand: unique symbol
/** `20261122T210431123Z-test-app-0123456789abcdef`: sorts by time, tells what it is for, and is a safe file name. */
export type JobId = string & { readonly [brand]: 'JobId' }

const pattern = /^\d{8}T\d{9}Z-[a-z0-9-]{1,40}-[0-9a-f]{16}$/

/**
 * Makes an id. `about` (a project's or file's name) is only a help for the reader: any text will do.
 * @param mark 16 hexadecimal digits that stand for the job's key (keys.ts); default: random ones
 */
export function newJobId(about: string, now: Date, mark = randomBytes(8).toString('hex')): JobId {
  const stamp = now.toISOString().replace(/[-:.]/g, '')
  return `${stamp}-${slugOf(about)}-${mark}` as JobId
}

/** The middle of an id: lower-case letters, digits and hyphens, at most 40. */
export function slugOf(about: string): string {
  const slug = about
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return slug === '' ? 'job' : slug
}

/** When the id was made, in milliseconds since 1970: its time stamp. */
export function madeMsOf(id: JobId): number {
  const part = (from: number, to: number) => Number(id.slice(from, to))
  return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15), part(15, 18))
}

/** The middle of an id, as slugOf made it. */
export function aboutOf(id: JobId): string {
  return id.slice('20261122T210431123Z-'.length, -'-0123456789abcdef'.length)
}

/** The last part of an id: the same for all jobs of one key. */
export function keyMarkOf(id: JobId): string {
  return id.slice(-'0123456789abcdef'.length)
}

/** The text as a job id, or undefined: what is not shaped like one never becomes part of a path. */
export function parseJobId(text: string): JobId | undefined {
  return pattern.test(text) ? (text as JobId) : undefined
}
