import type { CommandContext, ExitCode } from './context.js'
export function doctor(_context: CommandContext, _json: boolean): Promise<ExitCode> {
  return Promise.resolve(1)
}
