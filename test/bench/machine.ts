import { execFile } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { promisify } from 'node:util'

/** On what the figures were made, in one line. */
export async function machineFacts(): Promise<string> {
  const version = async (program: string, flag: string) =>
    (await promisify(execFile)(program, [flag])).stdout.trim().replace(/^(git version|tmux) /, '')
  const processors = cpus()
  const memory = `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`
  return [
    `${processors.length.toString()} cores (${processors[0]?.model.trim() ?? 'unknown'}), ${memory}`,
    `Node ${process.versions.node}, git ${await version('git', '--version')}, tmux ${await version('tmux', '-V')}`,
    `load before ${loadavg()[0]?.toFixed(1) ?? 'unknown'}`,
  ].join(', ')
}
