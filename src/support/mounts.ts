import { readFile } from 'node:fs/promises'

/** What is mounted at a folder or anywhere in it, as this process sees it (proc_pid_mountinfo(5)). */
export async function mountsWithin(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  const points = lines.map((line) => unescaped(line.split(' ')[4] ?? ''))
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`))
}

/** Blank, tab, line break and backslash stand there as octal numbers of bytes. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
