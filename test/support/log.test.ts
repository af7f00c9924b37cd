import { readdir, readFile, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { childEnvironment, run } from '../../src/support/process.js'
import { temporaryFolder } from './temporary.js'

/** The lines on stderr of a program of its own that logs; `options` and `body` are code. */
async function logged(options: string, body: string): Promise<string[]> {
  const built = (name: string) => pathToFileURL(resolve('.cache', 'modules', 'support', `${name}.js`)).href
  const script = `
    import { createLog } from '${built('log')}'
    import { redactor } from '${built('redact')}'
    import { Problem } from '${built('problem')}'
    const base = { level: 'info', folder: undefined, days: 1, redact: redactor(['hunter2hunter2']), journald: true }
    const log = createLog({ ...base, ${options} })
    ${body}
    await log.close()`
  const args = ['--input-type=module', '-e', script]
  const done = await run('node', args, { env: childEnvironment(process.env), timeoutMs: 20_000 })
  expect(done).toMatchObject({ ended: 'exited', code: 0, stdout: '' })
  return done.stderr.split('\n').slice(0, -1)
}

describe('the lines for people', () => {
  it('carry the priorities of journald, and only those of the level in force', async () => {
    expect(
      await logged('', `log.error('e'); log.warn('w'); log.info('i', { jobId: 'x-1', ms: 5 }); log.debug('d')`),
    ).toEqual(['<3>e', '<4>w', '<6>i jobId=x-1 ms=5'])
    expect(await logged(`level: 'debug'`, `log.debug('d')`)).toEqual(['<7>d'])
  })

  it('carry the time and the level elsewhere', async () => {
    const lines = await logged('journald: false', `log.warn('held back', { because: 'two words' })`)
    expect(lines).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}held back because="two words"$/)])
  })

  it('stay one line each, without control characters, whatever the fields hold', async () => {
    const [line, ...more] = await logged(
      '',
      `log.info('x', { file: 'a\\n<3>forged\\u001b[2J\\u202e', deep: { a: ['b\\nc'] } })`,
    )
    expect(more).toEqual([])
    expect(line).toMatch(/^<6>x file=[^\p{Cc}\u202e]*forged[^\p{Cc}\u202e]* deep=[^\p{Cc}]*$/u)
  })

  it('say of an error what it was, in one line', async () => {
    const problem = `new Problem({ doing: 'clone a', because: 'no such host', remedy: 'check repo_url' })`
    expect(await logged('', `log.error('job failed', { jobId: 'x', error: ${problem} })`)).toEqual([
      '<3>job failed jobId=x error="Problem: clone a: no such host; check repo_url"',
    ])
  })

  it('are written whatever a field is', async () => {
    const odd = `{ big: 10n, when: new Date(0), never: new Date(NaN), bytes: Buffer.from('abc'), none: undefined, nil: null }`
    const [first, second] = await logged('', `log.info('odd', ${odd}); const a = {}; a.a = a; log.info('loop', { a })`)
    expect(first).toBe('<6>odd big=10 when=1970-01-01T00:00:00.000Z never="no date" bytes="3 bytes" nil=null')
    expect(second).toContain('<6>loop a=')
  })

  it('are none where nothing is to reach stderr', async () => {
    expect(await logged('silent: true', `log.error('e')`)).toEqual([])
  })
})

it('no secret is written, however deep it lies', async () => {
  const folder = await temporaryFolder()
  const lines = await logged(
    `folder: ${JSON.stringify(folder)}`,
    `log.info('x', {
      plain: 'hunter2hunter2',
      url: 'https://ann:hunter2hunter2@host/',
      deep: [{ a: { b: 'see hunter2hunter2' } }],
      error: new Error('git said hunter2hunter2'),
    })`,
  )
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  expect(files).toHaveLength(1)
  const written = await readFile(join(folder, files[0] ?? ''), 'utf8')
  for (const text of [written, lines.join('\n')]) {
    expect(text).toContain('[redacted]')
    expect(text).not.toContain('hunter2')
  }
})

it('writes JSON lines with time, level, message and fields to the folder', async () => {
  const folder = await temporaryFolder()
  await logged(
    `folder: ${JSON.stringify(folder)}`,
    `log.info('a\\nb', { jobId: 'x' }); log.error('bad', { error: new Error('e') })`,
  )
  const name = (await readdir(folder)).find((file) => /^devorch-\d{4}-\d\d-\d\d\.jsonl$/.test(file))
  const lines = (await readFile(join(folder, name ?? ''), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { level: 'info', message: 'a\nb', jobId: 'x', timestamp: expect.stringMatching(/Z$/) as string },
    {
      level: 'error',
      message: 'bad',
      error: expect.stringMatching(/^Error: e\n {4}at /) as string,
      timestamp: expect.anything() as string,
    },
  ])
})

const pause = 'await new Promise((resolve) => setTimeout(resolve, 400))'

it('goes on where the folder can not be written', async () => {
  expect(await logged(`folder: '/proc/self/nothing'`, `log.info('still here')`)).toEqual([
    expect.stringContaining('<4>log files can not be written'),
    '<6>still here',
  ])
})

it('goes on while the disk is full, and writes files again when it is not', async () => {
  const folder = await temporaryFolder()
  const day = new Date().toLocaleDateString('sv')
  const file = join(folder, `devorch-${day}.jsonl`)
  await symlink('/dev/full', file)
  const body = `
    const { rmSync } = await import('node:fs')
    log.info('one'); ${pause}; log.info('two'); ${pause}
    // The device stays open for one more line.
    rmSync(${JSON.stringify(file)})
    ${pause}; log.info('three'); ${pause}; log.info('four'); ${pause}`
  const lines = await logged(`folder: ${JSON.stringify(folder)}, fileRetryMs: 100`, body)
  expect(lines.filter((line) => line.startsWith('<6>'))).toEqual(['<6>one', '<6>two', '<6>three', '<6>four'])
  expect(lines.join('\n')).toContain('<4>log files can not be written; tried again later')
  expect(lines.join('\n')).toContain('ENOSPC')
  expect(await readFile(file, 'utf8')).toContain('"message":"four"')
})
