import { stat } from 'node:fs/promises'

/**
 * Whether journald reads stderr: JOURNAL_STREAM is the device and inode of its stream, DEV:INODE (systemd.exec(5)). The
 * variable alone says nothing, since it is inherited also where stderr leads elsewhere.
 */
export async function isJournal(environment: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const stream = environment['JOURNAL_STREAM']
  if (stream === undefined) return false
  const { dev, ino } = await stat('/proc/self/fd/2', { bigint: true })
  return stream === `${dev.toString()}:${ino.toString()}`
}
