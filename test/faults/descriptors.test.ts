import { execFile } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { makeLab } from '../daemon/lab.js'
import { codeOf } from '../../src/support/problem.js'
import { logged, namesIn, patience, readiness, results, send, serve } from './place.js'

it(
  'with no file descriptor left, calls are refused or dropped, no job is lost, and it recovers',
  { timeout: 120_000 },
  async () => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    const open = async () => (await readdir(`/proc/${daemon.pid.toString()}/fd`)).length
    // What a start goes on with behind its ready line opens files too.
    const counts: number[] = []
    const isAtRest = async () => {
      counts.push(await open())
      return counts.length >= 20 && new Set(counts.slice(-20)).size === 1
    }
    await expect.poll(isAtRest, patience).toBe(true)
    const limit = (await open()) + 48
    // prlimit(1): only now, since Node opens many files at once while it loads the program.
    const nofile = `--nofile=${limit.toString()}:${limit.toString()}`
    await promisify(execFile)('prlimit', ['--pid', daemon.pid.toString(), nofile], { timeout: 10_000 })
    const { hostname, port } = new URL(daemon.url)
    const sockets: Socket[] = []
    const hangUp = () => {
      for (const socket of sockets.splice(0)) socket.destroy()
    }
    onTestFinished(hangUp)
    for (let call = 0; call < 160; call += 1) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      sockets.push(socket)
    }
    await expect.poll(open, patience).toBeGreaterThanOrEqual(limit - 2)
    // While it lasts: files come in by hand, and calls that perhaps nobody answers.
    for (const name of ['a', 'b']) {
      await lab.drop(`${name}.yaml`, `project_name: ${name}\nrepo_url: ${lab.repository}\n...\n`)
    }
    const answers = await Promise.all(
      ['c', 'd', 'e'].map((project) =>
        Promise.race([
          send(daemon, project, lab).then(
            ({ status }) => status,
            (error: unknown) => codeOf(error) ?? 'closed',
          ),
          sleep(5000).then(() => 'no answer'),
        ]),
      ),
    )
    await logged(daemon, /the inbox could not be looked through; it is tried again.*EMFILE/)
    hangUp()
    await expect.poll(() => readiness(daemon).catch(() => 0), patience).toBe(200)
    const acknowledged = answers.filter((answer) => answer === 202).length
    const settled = async () => [...(await lab.jobs('done')), ...(await lab.jobs('failed'))]
    await expect.poll(async () => (await settled()).length, patience).toBeGreaterThanOrEqual(2 + acknowledged)
    await expect.poll(() => namesIn(lab, 'inbox'), patience).toEqual([])
    await expect.poll(() => namesIn(lab, 'active'), patience).toEqual([])
    const projects = (await settled()).map((job) => job['project_name'])
    expect(new Set(projects).size).toBe(projects.length)
    expect(projects).toEqual(expect.arrayContaining(['a', 'b']))
    expect(await send(daemon, 'z', lab)).toMatchObject({ status: 202 })
    const ends = await results(lab, projects.length + 1)
    expect(ends.map(({ status }) => status)).toEqual(ends.map(() => 'created'))
  },
)
