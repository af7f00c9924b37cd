import { describe, expect, it } from 'vitest'
import { parseJobBody, parseJobFile, parseJobFileAhead } from '../../src/job/job.js'
import { formatFieldProblem } from '../../src/support/field-problem.js'

const least = 'project_name: a\nrepo_url: https://example.com/a.git\n'

function refusal(text: string | Uint8Array): string {
  const parsed = parseJobFile(text)
  if (parsed.ok) throw new Error(`understood: ${JSON.stringify(parsed.value)}`)
  return parsed.problems.map(formatFieldProblem).join('\n')
}

function understood(text: string | Uint8Array) {
  const parsed = parseJobFile(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatFieldProblem).join('\n'))
  return parsed.value
}

describe('a job file', () => {
  it('has every field', () => {
    const fields = {
      project_name: 'test-app',
      repo_url: 'https://github.com/acme/test-app.git',
      branch: 'main',
      template_hint: 'react-typescript',
      requirements_summary: 'A small react dashboard',
      tracker_url: 'https://example.com/PROGRESS_TRACKER.md',
      layout: 'default',
      agent: 'claude',
      idempotency_key: '2026-11-22-a',
    }
    const text = Object.entries(fields).map(([key, value]) => `${key}: ${value}\n`)
    expect(understood(`${text.join('')}action: create\n...\n`)).toEqual({ ...fields, action: 'create', attempts: 0 })
    expect(understood('project_name: a\naction: send\ntext: |\n  run\n  the tests\n')).toMatchObject({
      action: 'send',
      text: 'run\nthe tests\n',
    })
    expect(understood(`${least}tracker: |-\n  # To do\n  - one: "2"\n`)).toMatchObject({
      tracker: '# To do\n- one: "2"',
    })
  })

  it.each([
    ['branch: 1.10', 'line 3, column 1: branch: must be text, got 1.10; quote it: "1.10"'],
    ['branch: 0123', 'line 3, column 1: branch: must be text, got 0123; quote it: "0123"'],
    ['branch: 12e4567', 'line 3, column 1: branch: must be text, got 12e4567; quote it: "12e4567"'],
    ['branch: 0x1F', 'line 3, column 1: branch: must be text, got 0x1F; quote it: "0x1F"'],
    ['branch: True', 'line 3, column 1: branch: must be text, got True; quote it: "True"'],
    ['branch:', 'line 3, column 1: branch: must be text, got nothing; give it a value or leave it out'],
    ['branch: ~', 'line 3, column 1: branch: must be text, got nothing; give it a value or leave it out'],
    ['branch: [a]', 'line 3, column 1: branch: must be text, got a list; write one text'],
    ['branch: { a: b }', 'line 3, column 1: branch: must be text, got a group of fields; write one text'],
    ['branch: ""', 'line 3, column 1: branch: is empty; give it a value or leave it out'],
    ['branch: "a\\nb"', 'branch: contains a control character or line break; write it on one line'],
    ['branch: "a\\eb"', 'branch: contains a control character or line break; write it on one line'],
    [`branch: ${'x'.repeat(256)}`, 'branch: is longer than 255 characters; shorten it'],
    ['action: make', 'action: is not an action; use create, destroy, restart, restore or send'],
    ['text: hello', 'text: belongs to send only; remove it'],
    ['tracker: a\ntracker_url: https://example.com/', 'tracker_url: stands beside tracker; keep one of the two'],
    ['brnach: main', 'line 3, column 1: brnach: unknown field; did you mean branch?'],
    ['zzzzzzzzzz: 1', 'line 3, column 1: zzzzzzzzzz: unknown field; remove it'],
    ['__proto__: { a: 1 }', 'line 3, column 1: __proto__: unknown field; remove it'],
    ['constructor: x', 'line 3, column 1: constructor: unknown field'],
    ['"\\u202eevil\\e[2J": x', '\\u202eevil\\u001b[2J: unknown field; remove it'],
    ['project_name: b', 'line 3, column 1: is not valid YAML: Map keys must be unique; keep one of the two'],
    ['layout:\n\tdefault: x', 'is not valid YAML: Tabs are not allowed as indentation'],
    ['branch: !secret x', 'is not valid YAML: Unresolved tag: !secret; correct that line'],
    ['? [a, b]\n: c', 'is not valid YAML'],
    ['1: x', 'line 3, column 1: 1: unknown field; remove it'],
    ['---\nproject_name: b', 'one document a file: put each into a file of its own'],
    ['branch: "open', 'is not valid YAML: Missing closing "quote'],
    ['branch: *nobody', 'uses an alias (*) before its anchor (&); write the value out, or quote it where it is text'],
    ['job_id: ../../x', 'job_id: is not a job id; remove it'],
    ['attempts: -1', 'line 3, column 1: attempts:'],
    ['origin: { kind: github, trusted: true, more: 1 }', 'line 3, column 40: origin.more: unknown field; remove it'],
  ])('with %j is refused', (line, message) => {
    expect(refusal(`${least}${line}\n`)).toContain(message)
  })

  it('says all that is wrong, each with its place', () => {
    expect(refusal('# mine\nproject_name: -a\nbranch: 1\n').split('\n')).toEqual([
      'line 2, column 1: project_name: is not a project name; use 1 to 64 letters, digits, dots, _ and -, the first a letter or digit',
      'line 3, column 1: branch: must be text, got 1; quote it: "1"',
    ])
    expect(refusal('branch: main\n')).toBe('line 1, column 1: project_name: is required; add it')
    expect(refusal('project_name: a\n')).toBe(
      'line 1, column 1: repo_url: is required; add the address of the repository',
    )
  })

  it.each(['', '\n', '# nothing\n', 'null\n', 'hello\n', '- a\n', '42\n', '...\n'])(
    'that is no group of fields is refused: %j',
    (text) => {
      expect(refusal(text)).toMatch(/must be a group of fields; write lines like NAME: VALUE$/)
    },
  )

  it('is UTF-8 text without NUL', () => {
    expect(refusal(Uint8Array.of(0xff, 0xfe, 0x61, 0))).toContain('is not UTF-8 text')
    expect(refusal(`${least}branch: "a\0b"\n`)).toContain('contains a NUL byte')
  })

  it('may begin with a byte order mark and have lines that end with CR LF', () => {
    const bytes = Buffer.from(`\uFEFF${least}tracker: |\n  one\n  two\nbranch: 1.0\n`.replaceAll('\n', '\r\n'))
    expect(refusal(bytes)).toBe('line 6, column 1: branch: must be text, got 1.0; quote it: "1.0"')
    expect(understood(Buffer.from(`\uFEFF${least}`.replaceAll('\n', '\r\n')))).toMatchObject({ project_name: 'a' })
    expect(understood(`\uFEFF${least}`)).toMatchObject({ project_name: 'a' })
  })

  it('takes yes, no and dates as the text that they are in YAML 1.2', () => {
    expect(understood(`${least}branch: yes\n`).branch).toBe('yes')
    expect(understood(`${least}branch: 2026-11-22\n`).branch).toBe('2026-11-22')
  })

  it('with an alias bomb is refused at once', () => {
    const bomb = Array.from({ length: 12 }, (_, i) => {
      const previous = `*a${(i - 1).toString()}`
      return `a${i.toString()}: &a${i.toString()} [${i === 0 ? 'x' : Array(9).fill(previous).join(', ')}]`
    })
    const before = performance.now()
    expect(refusal(`${least}${bomb.join('\n')}\n`)).toContain('uses too many aliases or levels')
    expect(performance.now() - before).toBeLessThan(2000)
  })

  // Composed by yaml 2.9, `- ` 5,000 times over ends the whole process, and 150,000 keys take minutes.
  it.each([
    ['lists on a line', '- '.repeat(1_000_000)],
    ['flow lists', `branch: ${'['.repeat(1_000_000)}`],
    ['closed flow lists', `branch: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['flow maps', `branch: ${'{a: '.repeat(500_000)}`],
    ['complex keys', '? '.repeat(1_000_000)],
    ['indented maps', Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('that is nested without end is refused at once: %s', (_what, text) => {
    const before = performance.now()
    expect(refusal(text)).toContain('is nested too deeply')
    expect(performance.now() - before).toBeLessThan(2000)
  })

  it('with a hundred thousand fields is refused at once', () => {
    const before = performance.now()
    expect(refusal(Array.from({ length: 90_000 }, (_, i) => `k${i.toString()}: 1\n`).join(''))).toContain('thousands')
    expect(performance.now() - before).toBeLessThan(2000)
  })

  it('may hold a long tracker full of brackets that are never closed', () => {
    const tracker = '- [ { open\n'.repeat(40_000).trimEnd()
    const text = `${least}tracker: |-\n${tracker.replace(/^/gm, '  ')}\n`
    expect(understood(text).tracker).toBe(tracker)
  })
})

describe('a job file that is parsed ahead', () => {
  it('is given to the next who asks for the same bytes, and to nobody after that', () => {
    const ahead = parseJobFileAhead(Buffer.from(least))
    expect(parseJobFile(Buffer.from(least.replace('a.git', 'b.git')))).not.toBe(ahead)
    expect(parseJobFile(Buffer.from(least))).toBe(ahead)
    // Whoever has it writes into its document.
    const again = parseJobFile(Buffer.from(least))
    expect(again).not.toBe(ahead)
    expect(again).toMatchObject({ ok: true, value: { repo_url: 'https://example.com/a.git' } })
  })
})

describe('the body of a call', () => {
  it('is the same fields', () => {
    const body = { project_name: 'a', repo_url: 'https://example.com/a.git' }
    expect(parseJobBody(body)).toEqual({ ok: true, job: { ...body, action: 'create' } })
  })

  it.each([
    ['{"project_name":"a","repo_url":1.5}', 'repo_url: must be text, got 1.5; quote it: "1.5"'],
    ['{"project_name":"a","repo_url":null}', 'repo_url: must be text, got nothing; give it a value or leave it out'],
    ['{"project_name":"a","repo_url":["x"]}', 'repo_url: must be text, got a list; write one text'],
    ['{"project_name":"a","repo_url":"x","origin":{}}', 'origin: unknown field'],
    ['{"project_name":"a","repo_url":"x","job_id":"x"}', 'job_id: unknown field'],
    ['{"project_name":"a","repo_url":"x","__proto__":{"branch":"x"}}', '__proto__: unknown field'],
    ['{"project_name":"a","repo_url":"x","branch":"\\ud800"}', 'branch: contains half a character'],
    ['{"project_name":"..","repo_url":"x"}', 'project_name: is not a project name'],
    ['{"project_name":"a\\n","repo_url":"x"}', 'project_name: is not a project name'],
    ['[]', 'must be a group of fields'],
    ['null', 'must be a group of fields'],
  ])('%s is refused', (body, message) => {
    const parsed = parseJobBody(JSON.parse(body))
    expect(parsed.ok).toBe(false)
    expect(parsed.ok ? '' : parsed.problems.map(formatFieldProblem).join('\n')).toContain(message)
  })
})
