import { readdir, readFile, readlink } from 'node:fs/promises'

/** The processes that carry a folder in their arguments, environment or current folder: `PID COMMAND` each. */
export async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, environment, current] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ])
    const marked = [command, environment, current].some((text) => text.includes(`${folder}/`))
    if (marked && command !== '') found.push(`${pid} ${command.replaceAll('\0', ' ').slice(0, 200)}`)
  }
  return found
}

/** @returns the processes that were there */
export async function killProcessesOf(folder: string): Promise<readonly string[]> {
  const left = await processesOf(folder)
  for (const line of left) {
    try {
      process.kill(Number.parseInt(line, 10), 'SIGKILL')
    } catch {
      // ESRCH: it has ended, which is what was wanted.
    }
  }
  return left
}
