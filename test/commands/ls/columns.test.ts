import { expect, test } from 'vitest'
import { sessionTable, unkeptSince } from '../../../src/commands/ls/columns.js'
import type { SessionView } from '../../../src/session/view.js'
import { widthFor } from '../../../src/support/text-width.js'

const now = new Date('2026-11-23T07:00:00.000Z')
const at = '2026-11-23T06:59:50.000Z'

const view: SessionView = {
  name: 'shop-dev',
  project: 'shop',
  repository: 'https://github.com/acme/shop.git',
  working_copy: '/srv/dev/projects/shop',
  job_id: 'j',
  created_at: at,
  session: 'standing',
  ended_at: null,
  agent: {
    name: 'claude',
    status: 'waiting',
    since: at,
    detail: 'approval',
    until: undefined,
    last_event: { name: 'approval', at },
  },
  git: { at, branch: 'main', commit: '0123456789ab', subject: 's', committed_at: at, dirty: 3, ahead: 2, behind: 1 },
  processes: { at, count: 9, memory_bytes: 312 * 1024 * 1024, cpu: 0.124 },
  disk: { at, bytes: 1.25 * 1024 ** 3 },
  attach_command: 'tmux attach -t shop-dev',
  panes: [],
}

const git = (changes: Partial<NonNullable<SessionView['git']>>): SessionView['git'] =>
  view.git === null ? null : { ...view.git, ...changes }
const line = async (one: Partial<SessionView>) => (await sessionTable([{ ...view, ...one }], now, undefined))[1]

test('a session in a line', async () => {
  expect(await sessionTable([view], now, undefined)).toEqual([
    'NAME      SESSION   AGENT               SINCE     GIT            MEM      CPU   DISK',
    'shop-dev  standing  waiting (approval)  10 s ago  main +2 -1 ~3  312 MiB  12 %  1.3 GiB',
  ])
})

test('what is not known is told as such', async () => {
  const nothing = { git: null, processes: null, disk: null }
  expect(await line(nothing)).toMatch(/^shop-dev {2}standing .* 10 s ago {2}- {4}- {4}- {4}-$/)
  expect(await line({ ...nothing, session: 'gone' })).toMatch(/^shop-dev {2}gone( +-){6}$/)
  expect(await line({ git: git({ dirty: null, ahead: null, behind: 0 }) })).toContain(' main ~?  ')
  expect(await line({ git: git({ branch: null, dirty: 0, ahead: 0, behind: 0 }) })).toContain(' 0123456789ab  ')
  expect(await line({ git: git({ branch: null, commit: null, dirty: 0 }) })).toContain(' - +2 -1  ')
  expect(await line({ processes: { at, count: 2, memory_bytes: 1024 * 1024, cpu: null } })).toContain(' 1.0 MiB  -  ')
})

test('what processes needed long ago tells nothing of now', async () => {
  const old = '2026-11-23T06:56:59.000Z'
  expect(await line({ processes: { at: old, count: 2, memory_bytes: 1024, cpu: 1 } })).toMatch(
    /~3 {2}- {4}- {4}1.3 GiB$/,
  )
  expect(await line({ processes: { at: 'nonsense', count: 2, memory_bytes: 1024, cpu: 1 } })).toMatch(
    /- {4}- {4}1.3 GiB$/,
  )
})

test.each([120, 100, 80])('no line is wider than a terminal of %i columns, whatever names hold', async (columns) => {
  const branches = ['x'.repeat(100), '語'.repeat(100), `\u001b[31m${'👩'.repeat(50)}`, 'a\nb\u202e']
  const sessions = branches.map((branch, index) => ({
    ...view,
    name: `${'n'.repeat(60)}-${index.toString()}-dev`,
    git: git({ branch }),
  }))
  const lines = await sessionTable([view, ...sessions], now, columns)
  const width = await widthFor(lines)
  expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns)
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/)
  // The columns behind the widest stand below one another.
  const disks = lines.slice(1).map((one) => width(one.slice(0, one.lastIndexOf('1.3 GiB'))))
  expect(new Set(disks).size).toBe(1)
})

test('says since when no daemon has looked', () => {
  const seen = (time: string) => ({ ...view, processes: { at: time, count: 1, memory_bytes: 1, cpu: 0 } })
  const [old, older] = ['2026-11-23T05:00:00.000Z', '2026-11-23T04:00:00.000Z']
  expect(unkeptSince([], now)).toBeUndefined()
  expect(unkeptSince([{ ...view, processes: null }], now)).toBe('never')
  expect(unkeptSince([seen(older), seen(at)], now)).toBeUndefined()
  expect(unkeptSince([seen(older), seen(old)], now)).toEqual(new Date(old))
})
