import { describe, expect, it } from 'vitest'
import { knownSecrets, redactor } from '../../src/support/redact.js'

describe('well-known shapes', () => {
  const redact = redactor()
  const token = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4'

  it.each([
    [`https://ann:${token}@github.com/acme/a.git`, 'https://[redacted]@github.com/acme/a.git'],
    [`https://${token}@github.com/a`, 'https://[redacted]@github.com/a'],
    ['https://ann:p@ss:w@github.com/a', 'https://[redacted]@github.com/a'],
    ['cloning ssh://git@host/x and https://host/y@v1', 'cloning ssh://[redacted]@host/x and https://host/y@v1'],
    [`Authorization: Bearer ${token}`, 'Authorization: Bearer [redacted]'],
    [`"authorization":"Basic ${token}="`, '"authorization":"Basic [redacted]"'],
    [`Proxy-Authorization: token ${token}`, 'Proxy-Authorization: token [redacted]'],
    [`ghp_${token} ghs_${token}`, '[redacted] [redacted]'],
    [`github_pat_${token}_${token}`, '[redacted]'],
    [`glpat-${token}`, '[redacted]'],
    [`key=sk-ant-api03-${token}`, 'key=[redacted]'],
    [`X-Hub-Signature-256: sha256=${'0af1'.repeat(16)}`, 'X-Hub-Signature-256: [redacted]'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean)
  })

  it.each([
    'https://github.com/acme/a.git',
    'mail ann@example.com',
    'git@github.com:acme/a.git',
    'sk-short',
    'sha256=abc',
    'a commit 0af10af1',
  ])('leaves what is none: %s', (text) => {
    expect(redact(text)).toBe(text)
  })

  it('takes no long time over long text', () => {
    const before = performance.now()
    redact('a.'.repeat(200_000))
    redact('https://'.repeat(50_000))
    redact('x://' + 'y'.repeat(200_000))
    expect(performance.now() - before).toBeLessThan(3000)
  })
})

it('takes out the given values, the longer ones first, whatever characters they have', () => {
  const redact = redactor(['secret', 'secret-and-more', 'a.*b$1(', 'short', 'secret'])
  expect(redact('my secret-and-more, secret! a.*b$1( aXXb$1( short')).toBe(
    'my [redacted], [redacted]! [redacted] aXXb$1( short',
  )
})

it('takes out what comes to be known later, and never forgets', () => {
  const secrets = knownSecrets(['first-one'])
  const { redact } = secrets
  expect(redact('first-one second-one')).toBe('[redacted] second-one')
  secrets.add(['second-one'])
  secrets.add([])
  secrets.add(['second-one', 'third-one'])
  expect(redact('first-one second-one third-one')).toBe('[redacted] [redacted] [redacted]')
})
