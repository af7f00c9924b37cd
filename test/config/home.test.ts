import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { configuredPath, expandTilde, findHome, homeAt } from '../../src/config/home.js'
import { packageRoot } from '../../src/support/package.js'

it('is the option, else DEVORCH_HOME, else the checkout', async () => {
  expect((await findHome('/srv/one', { DEVORCH_HOME: '/srv/two' })).base).toBe('/srv/one')
  expect((await findHome(undefined, { DEVORCH_HOME: '~/two' })).base).toBe(join(homedir(), 'two'))
  expect((await findHome(undefined, { DEVORCH_HOME: '' })).base).toBe(packageRoot)
  await access(join(packageRoot, 'package.json'))
})

it('has every folder of a job under one base', () => {
  const { base, inbox, active, done, failed } = homeAt('/srv/x')
  expect([base, inbox, active, done, failed]).toEqual([
    '/srv/x',
    '/srv/x/inbox',
    '/srv/x/state/active',
    '/srv/x/state/done',
    '/srv/x/state/failed',
  ])
})

it('expands the tilde only where it means the own home', () => {
  expect(['~', '~/a', '~b/a', 'a/~', '/~/a'].map(expandTilde)).toEqual([
    homedir(),
    join(homedir(), 'a'),
    '~b/a',
    'a/~',
    '/~/a',
  ])
  expect(configuredPath('a/../b', homeAt('/srv/x'))).toBe('/srv/x/b')
  expect(configuredPath('/a/../b', homeAt('/srv/x'))).toBe('/b')
})
