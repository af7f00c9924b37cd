import type { ChatInputCommandInteraction } from 'discord.js'
import { vi, type Mock } from 'vitest'

export interface FakeInteraction {
  readonly interaction: ChatInputCommandInteraction
  readonly reply: Mock
  readonly followUp: Mock
}

/** What Discord hands over when somebody uses a command, as far as the commands look at it. */
export function fakeInteraction(commandName: string, options: Record<string, number> = {}): FakeInteraction {
  const [reply, followUp] = [vi.fn(), vi.fn()]
  const interaction = {
    commandName,
    replied: false,
    deferred: false,
    isChatInputCommand: () => true,
    options: { getInteger: (name: string) => options[name] ?? null },
    reply,
    followUp,
  }
  return { interaction: interaction as unknown as ChatInputCommandInteraction, reply, followUp }
}
