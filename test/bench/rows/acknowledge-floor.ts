import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Acknowledged, FloorOrder } from './acknowledge.js'

/*
 * What acknowledge.ts measures against, a process of its own: files are written, synced and renamed, so many at once, and the folder is
 * synced for all of them that wait for it. No call, no signature, no job: less can't be done for a file that survives a power cut.
 */

process.on('message', (order: FloorOrder) => {
  void write(order).then((acknowledged) => process.send?.(acknowledged))
})

async function write(order: FloorOrder): Promise<Acknowledged> {
  const latenciesMs: number[] = []
  const text = 'x'.repeat(order.bytes)
  const syncFolder = groupedSync(order.folder)
  let next = 0
  const loop = async () => {
    while (next < order.count) {
      const name = `${order.from.toString()}-${(next += 1).toString()}`
      const begunMs = performance.now()
      const temporary = join(order.folder, `.${name}`)
      const file = await open(temporary, 'wx')
      await file.writeFile(text)
      await file.sync()
      await file.close()
      await rename(temporary, join(order.folder, name))
      await syncFolder()
      latenciesMs.push(performance.now() - begunMs)
    }
  }
  const begunMs = performance.now()
  await Promise.all(Array.from({ length: order.inFlight }, loop))
  return { seconds: (performance.now() - begunMs) / 1000, latenciesMs }
}

/** Whoever comes while a sync is under way shares the next one. */
function groupedSync(path: string): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const sync = async () => {
    const folder = await open(path)
    await folder.sync()
    await folder.close()
  }
  const begin = () => (running = sync().finally(() => (running = undefined)))
  return () => {
    if (running === undefined) return begin()
    next ??= running.then(() => {
      next = undefined
      return begin()
    })
    return next
  }
}
