import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { git, makeBareRepository } from '../support/repositories.js'

/** Makes a bare repository of one commit, packed as a server keeps it. */
export function makeOfFiles(files: Readonly<Record<string, string>>): (bare: string) => Promise<void> {
  return async (bare) => {
    const { work } = await makeBareRepository(bare, files)
    await git(bare, 'repack', '-a', '-d', '-q')
    await rm(work, { recursive: true })
  }
}

export const threeFiles = { 'README.md': '# Small\n', 'package.json': '{"name":"small"}\n', 'src/index.js': 'void 0\n' }

/** So many files of 1 to 3 KB, a hundredth of them in each folder, none like another. */
export function manyFiles(count: number): Record<string, string> {
  const files: Record<string, string> = { 'README.md': '# Large\n' }
  for (let index = 1; index < count; index += 1) {
    const line = (number: number) =>
      `export const value${number.toString()} = ${(index * 7919 * number).toString(36)}\n`
    const lines = Array.from({ length: 30 + (index % 60) }, (_, number) => line(number))
    files[`src/part-${(index % 100).toString()}/file-${index.toString()}.ts`] = lines.join('')
  }
  return files
}

const blobBytes = 512 * 1024
const assets = 8

/**
 * Makes a bare repository of 20 files and so much history: commits that each replace one of eight files of half a MiB with others, which can't
 * be compressed (git-fast-import(1)).
 */
export function makeOfHistory(megabytes: number): (bare: string) => Promise<void> {
  return async (bare) => {
    await git(dirname(bare), 'init', '--quiet', '--bare', '--template=', '--initial-branch=main', bare)
    const options = ['-c', 'core.compression=0', '-C', bare, 'fast-import', '--quiet', '--depth=0']
    const child = spawn('git', options, {
      env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    const ended = once(child, 'exit')
    await pipeline(Readable.from(importOf((megabytes * 1024 * 1024) / blobBytes)), child.stdin)
    const [code] = (await ended) as [number | null]
    if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`)
  }
}

function* importOf(commits: number): Generator<Buffer> {
  for (let index = 0; index < commits; index += 1) {
    const files = index === 0 ? Object.entries(manyFiles(20 - assets)) : []
    const who = `Test <test@example.com> ${(1_700_000_000 + index).toString()} +0000`
    yield Buffer.from(`commit refs/heads/main\ncommitter ${who}\ndata 6\nChange\n`)
    for (const [path, text] of files) yield* fileOf(path, Buffer.from(text))
    yield* fileOf(`assets/${(index % assets).toString()}.bin`, randomBytes(blobBytes))
  }
}

function* fileOf(path: string, content: Buffer): Generator<Buffer> {
  yield Buffer.from(`M 100644 inline ${path}\ndata ${content.length.toString()}\n`)
  yield content
  yield Buffer.from('\n')
}
