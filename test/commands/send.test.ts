import { expect, test } from 'vitest'
import { pasted, rawReader } from '../support/raw-reader.js'
import { temporaryFolder } from '../support/temporary.js'
import { makeWorkplace } from './workplace.js'

const patient = { timeout: 20_000 }

/** The program is started several times, each of which takes seconds on a busy machine. */
test(
  'send puts arguments, stdin and a person’s commands before the agent, and says why not',
  { timeout: 300_000 },
  async () => {
    const place = await makeWorkplace()
    const reader = rawReader(await temporaryFolder())
    const raw = { kind: 'command', command: reader.command }
    await place.configure({ agents: { raw }, default_agent: 'raw' })
    await place.devorch(['create', 'shop', place.repository])
    await expect.poll(() => reader.bytes(), patient).toBe('')

    const sent = await place.devorch(['send', 'shop', 'run the tests;'])
    expect(sent).toMatchObject({ code: 0, stdout: 'sent to the agent of shop-dev\n', stderr: '' })
    const input = `a diff\n\n- x\n+\ty ${'ö'.repeat(6000)}\n\n`
    const piped = await place.devorch(['send', 'shop-dev', '-', '--json'], { input })
    expect(JSON.parse(piped.stdout)).toMatchObject({ status: 'sent', session: 'shop-dev', delivery: 'entered' })
    expect(await place.devorch(['send', 'shop', '/compact'])).toMatchObject({ code: 0 })
    expect(await place.devorch(['send', 'shop', '--', '--help -x'])).toMatchObject({ code: 0 })
    const texts = ['run the tests;', input.trimEnd(), '/compact', '--help -x']
    const all = texts.map((text) => `${pasted(text)}\r`).join('')
    await expect.poll(() => reader.bytes(), patient).toBe(all)

    const refused = [
      [['send', 'shop', 'a\u001b[201~b'], '', 1, /text: has the control character \\u001b in line 1/],
      [['send', 'shop', '-'], 'a\0b', 1, /control character \\u0000/],
      [['send', 'shop', '-'], '\n', 1, /text: is blank/],
      [['send', 'shop', '-'], 'x'.repeat(70_000), 1, /70000 bytes, more than 65536; put it into a file/],
      [['send', 'shpo', 'text'], '', 1, /no session is called "shpo"/],
      [['send', 'shop'], '', 2, /missing required argument/],
    ] as const
    for (const [args, stdin, code, why] of refused) {
      const ended = await place.devorch(args, { input: stdin })
      expect(ended.code).toBe(code)
      expect(ended.stderr).toMatch(why)
    }
    await place.tmux.tmux('kill-session', '-t', '=shop-dev')
    const gone = await place.devorch(['send', 'shop', 'text'])
    expect(gone).toMatchObject({ code: 1 })
    expect(gone.stderr).toContain('devorch: send to the session shop-dev: it does not stand; start it again')
    expect(await reader.bytes()).toBe(all)
  },
)
