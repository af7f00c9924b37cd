import { dirname, join, delimiter } from 'node:path'
import { installClaudeCode } from '../support/claude-code.js'
import type { MessagesApi } from '../support/messages-api.js'

/** Words of every dialog that Claude Code 2.1.330 may show at its start. */
export const dialog =
  /trust (?:this|the files)|detected a custom API key|text style|external imports|new MCP server|Enter to confirm/i

/**
 * What the daemon is started with so that panes find the real Claude Code, and that one nothing but the stub: the
 * daemon's own variables, and those that `environment` of config.yaml hands on by name.
 */
export async function claudeEnvironment(
  api: MessagesApi,
): Promise<{ readonly variables: Readonly<Record<string, string>>; readonly names: readonly string[] }> {
  const claude = await installClaudeCode()
  const forPanes = {
    ANTHROPIC_BASE_URL: api.url,
    CLAUDE_CODE_MAX_RETRIES: '0',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1',
  }
  const path = [dirname(claude), process.env['PATH'] ?? ''].join(delimiter)
  return { variables: { ...forPanes, PATH: path }, names: Object.keys(forPanes) }
}

/** Where a test puts the dummy key that `environment` reads. */
export const keyFileOf = (folder: string) => join(folder, 'anthropic-key')
