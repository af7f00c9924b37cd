import type { CommandContext, ExitCode } from './context.js'
export function demo(_context: CommandContext, _clean: boolean): Promise<ExitCode> {
  return Promise.resolve(1)
}
