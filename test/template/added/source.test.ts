import { describe, expect, it } from 'vitest'
import { parseSource, sourceName } from '../../../src/template/added/source.js'

describe('parseSource', () => {
  it.each([
    ['npm:create-vite', { kind: 'npm', name: 'create-vite', version: 'latest' }, 'create-vite'],
    ['npm:@acme/kit@^1.2', { kind: 'npm', name: '@acme/kit', version: '^1.2' }, 'kit'],
    ['npm:kit@6//templates/x/', { kind: 'npm', name: 'kit', version: '6', subfolder: 'templates/x' }, 'kit'],
    ['https://h.com/a/kits.git', { kind: 'git', url: 'https://h.com/a/kits.git' }, 'kits'],
    [
      'git+https://h.com/a/kits//b/c#v1',
      { kind: 'git', url: 'https://h.com/a/kits', subfolder: 'b/c', ref: 'v1' },
      'kits',
    ],
    ['file:///srv/kits.git//b', { kind: 'git', url: 'file:///srv/kits.git', subfolder: 'b' }, 'kits'],
    ['git@h.com:a/kits.git//b#x/y', { kind: 'git', url: 'git@h.com:a/kits.git', subfolder: 'b', ref: 'x/y' }, 'kits'],
    ['/srv/kits', { kind: 'folder', path: '/srv/kits' }, 'kits'],
    ['/srv/odd:name', { kind: 'folder', path: '/srv/odd:name' }, 'name'],
  ])('reads %s', (text, source, name) => {
    const parsed = parseSource(text)
    if (!parsed.ok) throw new Error(parsed.because)
    expect(parsed.source).toMatchObject(source)
    expect(sourceName(parsed.source)).toBe(name)
  })

  it.each([
    '',
    'npm:',
    'npm:../x',
    'npm:a@../b',
    'npm:a@file:x',
    'npm:a@x.tgz',
    'npm:a@git+ssh://h/x',
    'npm:a@npm:b',
    'npm:a@github:b/c',
    'npm:a@~/x',
    'npm:a//../b',
    'https://h/a.git//../x',
    'https://h/a.git//.git/hooks',
    'https://h/a.git//',
    'https://h/a.git#',
  ])('refuses %s without repeating it', (text) => {
    const parsed = parseSource(text)
    expect(parsed).toMatchObject({ ok: false })
    if (text.length > 4) expect(JSON.stringify(parsed)).not.toContain(text)
  })
})
