import type { SessionTools } from './tools.js'

/** What a person types to see the session; through ssh where the configuration names the host. */
export function attachCommand(name: string, tools: Pick<SessionTools, 'tmux' | 'config'>): string {
  const attach = tools.tmux.attachCommand(name).join(' ')
  const host = tools.config.server.public_host
  return host === null ? attach : `ssh -t ${host} ${attach}`
}
