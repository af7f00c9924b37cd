import { MessageFlags } from 'discord.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answer } from '../src/answer.js'
import type { Command } from '../src/command.js'
import { commands } from '../src/commands.js'
import { rollDie } from '../src/dice.js'
import { fakeInteraction } from './interaction.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the commands', () => {
  it('have names of their own', () => {
    const names = commands.map(({ definition }) => definition.name)
    expect(names).toEqual([...new Set(names)])
  })

  it('/ping answers', async () => {
    const { interaction, reply } = fakeInteraction('ping')
    await answer(interaction, commands)
    expect(reply).toHaveBeenCalledExactlyOnceWith('Pong!')
  })

  it('/roll rolls a die with as many sides as asked for', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const { interaction, reply } = fakeInteraction('roll', { sides: 20 })
    await answer(interaction, commands)
    expect(reply).toHaveBeenCalledExactlyOnceWith('d20: 20')
  })
})

describe('a command that fails', () => {
  const failing: Command = {
    definition: { name: 'fail', description: 'Fails' },
    execute: () => Promise.reject(new Error('no')),
  }

  it.each([
    ['is logged, and only its user is told', 'fail'],
    ['includes one that is not there', 'gone'],
  ])('%s', async (_what, name) => {
    const log = vi.spyOn(console, 'error').mockReturnValue()
    const { interaction, reply } = fakeInteraction(name)
    await answer(interaction, [failing])
    expect(reply).toHaveBeenCalledExactlyOnceWith({ content: 'That went wrong.', flags: MessageFlags.Ephemeral })
    expect(log).toHaveBeenCalledOnce()
  })
})

it('a die has all its sides', () => {
  expect(rollDie(6, () => 0)).toBe(1)
  expect(rollDie(6, () => 0.9999)).toBe(6)
})
