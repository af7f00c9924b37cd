import { readFile } from 'node:fs/promises'

/** Tells one boot of the machine from another: random(4), /proc/sys/kernel/random/boot_id. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
