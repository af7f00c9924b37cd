import type { Command } from './command.js'
import { ping } from './commands/ping.js'
import { roll } from './commands/roll.js'

/** All commands; a new one is a file in src/commands/ and an entry here. */
export const commands: readonly Command[] = [ping, roll]
