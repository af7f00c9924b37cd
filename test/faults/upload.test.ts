import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createInbox } from '../../src/job/inbox.js'
import { createSpool } from '../../src/job/spool.js'
import { createWorker } from '../../src/job/worker.js'
import { childEnvironment } from '../../src/support/process.js'
import { created, makeFolders } from '../job/place.js'
import { recordedLog } from '../support/recorded-log.js'
import { sshMissing, startSshServer, type SshServer } from '../support/ssh-server.js'
import { temporaryFolder } from '../support/temporary.js'

/** A plan of some 400 KB, every line of which is another one, so that a torn one is told from it. */
const plan = Array.from(
  { length: 8000 },
  (_, i) => `- [ ] step ${i.toString().padStart(6, '0')} of a long plan of work\n`,
).join('')
const largeText = (end: string) =>
  `project_name: a\nrepo_url: https://example.com/a.git\ntracker: |\n${plan.replace(/^/gm, '  ').trimEnd()}\n${end}`
const smallText = 'project_name: a\nrepo_url: https://example.com/a.git\n'

interface Waits {
  readonly quietMs: number
  readonly largeQuietMs: number
  readonly requireEndMarker?: boolean
}

/** Longer than a test: what is taken was taken for another reason. */
const never = 3_600_000

async function makePlace(waits: Waits) {
  const server = await startSshServer()
  const folders = await makeFolders()
  const local = await temporaryFolder()
  const spool = createSpool(folders)
  const trackers: (string | undefined)[] = []
  const worker = createWorker({
    spool,
    inbox: createInbox({
      folder: folders.inbox,
      requireEndMarker: false,
      monotonicMs: () => performance.now(),
      ...waits,
    }),
    perform: (record) => {
      trackers.push(record.job.tracker)
      return Promise.resolve(created)
    },
    holdBack: () => Promise.resolve(undefined),
    cancelled: { list: () => Promise.resolve([]), clear: () => Promise.resolve() },
    concurrency: 2,
    attempts: 1,
    rescanMs: 20,
    log: recordedLog([]),
  })
  await worker.start()
  onTestFinished(() => worker.stop(1000))
  return {
    folders,
    spool,
    trackers,
    /** Begins to send a text as `inbox/NAME`, at 128 KB/s. */
    send: async (how: How, text: string, name = 'job.yaml'): Promise<Upload> => {
      await writeFile(join(local, 'job.yaml'), text)
      return begin(how, server, join(local, 'job.yaml'), join(folders.inbox, name))
    },
    /** Resolves once a part of what is sent lies in the inbox, and not all of it. */
    partThere: async (text: string, name = 'job.yaml'): Promise<void> => {
      await vi.waitFor(
        async () => {
          const { size } = await stat(join(folders.inbox, name))
          expect(size).toBeGreaterThan(40_000)
          expect(size).toBeLessThan(text.length)
        },
        { timeout: 20_000, interval: 10 },
      )
    },
    settled: (count: number) =>
      vi.waitFor(
        async () => {
          const ids = [...(await spool.list('done')), ...(await spool.list('failed'))]
          expect(ids).toHaveLength(count)
          const views = await Promise.all(ids.map((id) => spool.find(id)))
          // On its way a record has its name in both folders.
          expect(views.map((view) => view?.state)).not.toContain('active')
          return views
        },
        { timeout: 20_000, interval: 20 },
      ),
    left: () => readdir(folders.inbox),
  }
}

const hows = ['scp', 'scp -O', 'sftp'] as const
type How = (typeof hows)[number]

interface Upload {
  readonly client: ChildProcess
  /** Its exit code, or null where it was killed. */
  readonly ended: Promise<number | null>
}

function begin(how: How, server: SshServer, from: string, to: string): Upload {
  const target = `${server.address}:${to}`
  const [program, ...args] = commandLine(how, server, from, target)
  const client = spawn(program, args, { env: childEnvironment(process.env), stdio: ['pipe', 'ignore', 'inherit'] })
  client.stdin.on('error', () => undefined).end(`put ${from} ${to}\n`)
  const ended = once(client, 'exit').then(([code]) => (typeof code === 'number' ? code : null))
  onTestFinished(async () => {
    client.kill('SIGKILL')
    await ended
  })
  return { client, ended }
}

function commandLine(how: How, server: SshServer, from: string, target: string): [string, ...string[]] {
  const slowly = [...server.options, '-l', '1024']
  switch (how) {
    case 'scp':
      return ['scp', '-s', ...slowly, from, target]
    case 'scp -O':
      return ['scp', '-O', ...slowly, from, target]
    case 'sftp':
      return ['sftp', ...slowly, '-b', '-', server.address]
  }
}

describe.skipIf(sshMissing !== undefined).each(hows)(
  `an upload by %s${sshMissing === undefined ? '' : ` (${sshMissing})`}`,
  (how) => {
    it('that is slow and ends with the end line is taken whole, at once when it is complete', async () => {
      const { send, partThere, settled, trackers, left } = await makePlace({ quietMs: never, largeQuietMs: never })
      const text = largeText('...\n')
      const { ended } = await send(how, text)
      await partThere(text)
      expect(await ended).toBe(0)
      await settled(1)
      expect(trackers).toEqual([plan])
      expect(await left()).toEqual([])
    })

    it('that stalls for longer than the quiet period is waited for, and taken whole', async () => {
      for (const [end, largeQuietMs] of [
        ['...\n', never],
        ['', 6000],
      ] as const) {
        const { send, partThere, settled, trackers, left } = await makePlace({ quietMs: 100, largeQuietMs })
        const text = largeText(end)
        const { client, ended } = await send(how, text)
        await partThere(text)
        client.kill('SIGSTOP')
        await delay(1000)
        expect(trackers).toEqual([])
        expect(await left()).toEqual(['job.yaml'])
        client.kill('SIGCONT')
        expect(await ended).toBe(0)
        await settled(1)
        expect(trackers).toEqual([plan])
      }
    })

    it('that is broken off is never taken where the end line is demanded', async () => {
      const { send, partThere, settled, trackers, left } = await makePlace({
        quietMs: 50,
        largeQuietMs: 100,
        requireEndMarker: true,
      })
      const text = largeText('...\n')
      const { client, ended } = await send(how, text)
      await partThere(text)
      client.kill('SIGKILL')
      expect(await ended).toBe(null)
      await delay(1000)
      expect(trackers).toEqual([])
      expect(await left()).toEqual(['job.yaml'])
      // The same file sent again is whole.
      expect(await (await send(how, text)).ended).toBe(0)
      await settled(1)
      expect(trackers).toEqual([plan])
    })

    it('without the end line is taken after the quiet period', async () => {
      const { send, settled, folders, spool } = await makePlace({ quietMs: 3000, largeQuietMs: never })
      expect(await (await send(how, smallText)).ended).toBe(0)
      expect(await readFile(join(folders.inbox, 'job.yaml'), 'utf8')).toBe(smallText)
      expect(await spool.list('done')).toEqual([])
      expect(await settled(1)).toMatchObject([{ state: 'done', file: 'job.yaml' }])
    })

    it('under the name of a part is left alone, and taken once it is renamed', async () => {
      const { send, settled, folders, left, trackers } = await makePlace({ quietMs: 0, largeQuietMs: 0 })
      const text = largeText('')
      expect(await (await send(how, text, 'job.yaml.part')).ended).toBe(0)
      await delay(300)
      expect(await left()).toEqual(['job.yaml.part'])
      await rename(join(folders.inbox, 'job.yaml.part'), join(folders.inbox, 'job.yaml'))
      await settled(1)
      expect(trackers).toEqual([plan])
    })
  },
)

it.skipIf(sshMissing !== undefined)(
  'a torn upload that happens to be a sound job can not be told from one: it is taken when the wait is over',
  async () => {
    const { send, partThere, settled, trackers } = await makePlace({ quietMs: 100, largeQuietMs: 1500 })
    const text = largeText('')
    const { client } = await send('scp', text)
    await partThere(text)
    client.kill('SIGKILL')
    await settled(1)
    expect(trackers).toHaveLength(1)
    expect(plan.startsWith(trackers[0]?.trimEnd() ?? 'nothing')).toBe(true)
    expect(trackers[0]?.length).toBeLessThan(plan.length)
  },
)
