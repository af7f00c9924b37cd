import fc from 'fast-check'
import { expect, it } from 'vitest'
import { newJobId, parseJobId } from '../../src/job/id.js'
import { jobOf, parseJobBody, parseJobFile, type Job, type Origin, type RecordFields } from '../../src/job/job.js'
import { formatRecord, recordOf, type JobRecord } from '../../src/job/record.js'
import { formatFieldProblem } from '../../src/support/field-problem.js'
import { Document, Scalar } from 'yaml'

const receivedAt = '2026-11-22T21:04:31.123Z'
const origin: Origin = {
  kind: 'github',
  address: '192.0.2.1',
  delivery_id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  subject: 'acme/a#1',
  sender: 'octocat',
  trusted: false,
}

const oddLine = fc.constantFrom(
  ...['---', '...', '--- x', '# no comment', '- a', '? a', ': a', '&a', '*a', '!a', '%YAML 1.1', '|', '>', '"', "'"],
  ...['yes', '1.10', '~', 'null', '{', ']', ' x', 'x ', 'x\t', '\t', '\u0000', '\u001b[2J', '\u0085', '\u2028'],
  ...['\uFEFF', '\u007f', '\ue000', '\ufffe', '👩‍💻', 'é', 'é', '日本', 'a: b', 'a #b', '`', '@', '\\', '\\n', '', '   '],
)
const text = fc
  .tuple(
    fc.array(fc.oneof(oddLine, fc.string({ unit: 'grapheme', maxLength: 90 })), { minLength: 1, maxLength: 8 }),
    fc.constantFrom('\n', '\r\n', '\r', '\n\n', ' '),
  )
  .map(([lines, separator]) => lines.join(separator))
  .filter((value) => value !== '')
const line = text.map((value) => value.replace(/\p{Cc}/gu, '') || 'x')

const jobs = fc
  .record(
    {
      project_name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
      repo_url: line,
      branch: line.map((value) => value.slice(0, 60).replace(/[\uD800-\uDFFF]/g, '') || 'x'),
      requirements_summary: text,
      tracker: text,
      action: fc.constant('create'),
    },
    { requiredKeys: ['project_name', 'repo_url', 'action'] },
  )
  .map((body): Job => {
    const parsed = parseJobBody(body)
    if (!parsed.ok) throw new Error(parsed.problems.map(formatFieldProblem).join('\n'))
    return parsed.job
  })

function parsed(file: string): { value: RecordFields; document: Document } {
  const result = parseJobFile(Buffer.from(file))
  if (!result.ok) throw new Error(`${result.problems.map(formatFieldProblem).join('\n')}\n${file}`)
  return result
}

function record(job: Job, more: Partial<JobRecord> = {}): JobRecord {
  const id = newJobId(job.project_name, new Date(receivedAt))
  const nothing = { retryOf: undefined, file: undefined, result: undefined }
  return { id, job, origin, receivedAt, attempts: 0, ...nothing, ...more }
}

function reread(file: string): JobRecord {
  const { value } = parsed(file)
  if (value.job_id === undefined) throw new Error('no id')
  return recordOf(value, { id: value.job_id, origin: { ...origin, kind: 'file' }, receivedAt: 'unknown' })
}

it('is read as it was written, whatever the texts are', () => {
  fc.assert(
    fc.property(jobs, (job) => {
      const before = record(job)
      const file = formatRecord(before)
      expect(file.endsWith('\n...\n')).toBe(true)
      expect(reread(file)).toEqual(before)
    }),
    { numRuns: 800 },
  )
})

it('is the same after more was added to the file as it stands', () => {
  fc.assert(
    fc.property(jobs, text, (job, message) => {
      const first = record(job)
      const result = { status: 'failed', finished_at: receivedAt, error: { message, steps: [{ ms: 1 }] } } as const
      const settled = { ...first, attempts: 3, file: message, result }
      const file = formatRecord(settled, parsed(formatRecord({ ...first, attempts: 2 })).document)
      expect(file.endsWith('\n...\n')).toBe(true)
      expect(reread(file)).toEqual(settled)
    }),
    { numRuns: 800 },
  )
})

const styles = fc.constantFrom<Scalar.Type[]>('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED')

it('says what the person said who wrote it, in whatever style', () => {
  fc.assert(
    fc.property(text, styles, fc.integer({ min: 0, max: 80 }), (summary, type, lineWidth) => {
      const styled = new Scalar(summary)
      styled.type = type
      const written = new Document({ project_name: 'a', repo_url: 'x', requirements_summary: styled })
      // What yaml makes of the style is a file that a person could have written; what it says is read from it.
      const first = parseJobFile(written.toString({ lineWidth }))
      fc.pre(first.ok && first.value.requirements_summary !== undefined)
      const before = record({ ...jobOf(first.value) }, { attempts: 1 })
      expect(reread(formatRecord(before, first.document))).toEqual(before)
    }),
    { numRuns: 800 },
  )
})

it.each([
  ['comments', '# first\nproject_name: a # which\n\nrepo_url: "https://example.com/" # where\n# last\n'],
  ['a comment behind the end', 'project_name: a\nrepo_url: https://example.com/\n...\n# really\n# the end\n'],
  ['a comment on the end line', 'project_name: a\nrepo_url: https://example.com/\n... # the end\n'],
  ['flow style', '{ "project_name": "a", "repo_url": "https://example.com/" } # all\n'],
  ['a document start', '# mine\n--- # here\nproject_name: a\nrepo_url: https://example.com/\n'],
  ['YAML 1.1', '%YAML 1.1\n---\nproject_name: a\nrepo_url: https://example.com/ # x\n'],
])('keeps what a person wrote: %s', (_what, file) => {
  const { value, document } = parsed(file)
  const { project_name, repo_url } = value
  const job: Job = { project_name, repo_url, action: 'create' }
  const before = record(job, { attempts: 1 })
  const written = formatRecord(before, document)
  for (const [comment] of file.matchAll(/# .*$/gm)) expect(written).toContain(comment)
  expect(written.endsWith('\n...\n')).toBe(true)
  expect(reread(written)).toEqual(before)
})

it('is written anew where an alias would point at what is replaced', () => {
  const file = 'file: &x a\nproject_name: a\nrepo_url: https://example.com/\nbranch: *x\n'
  const { document } = parsed(file)
  const before = record({ project_name: 'a', repo_url: 'https://example.com/', branch: 'a', action: 'create' })
  expect(reread(formatRecord(before, document))).toEqual(before)
})

it('has an id that is a safe file name, whatever it is about', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
      (about, now) => {
        const id = newJobId(about, now)
        expect(parseJobId(id)).toBe(id)
        expect(id).toMatch(/^[A-Za-z0-9-]{1,80}$/)
      },
    ),
  )
  expect(newJobId('test-app', new Date(receivedAt))).toMatch(/^20261122T210431123Z-test-app-[0-9a-f]{16}$/)
  for (const odd of ['', '..', '../x', 'a/b', '20261122T210431123Z-a-0123456g', '20261122T210431123Z-a-01234567\n']) {
    expect(parseJobId(odd)).toBeUndefined()
  }
})
