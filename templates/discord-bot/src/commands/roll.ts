import { SlashCommandBuilder } from 'discord.js'
import type { Command } from '../command.js'
import { rollDie } from '../dice.js'

const defaultSides = 6

export const roll: Command = {
  definition: new SlashCommandBuilder()
    .setName('roll')
    .setDescription('Rolls a die')
    .addIntegerOption((option) =>
      option.setName('sides').setDescription('How many sides it has (6)').setMinValue(2).setMaxValue(1000),
    )
    .toJSON(),
  async execute(interaction) {
    const sides = interaction.options.getInteger('sides') ?? defaultSides
    await interaction.reply(`d${String(sides)}: ${String(rollDie(sides))}`)
  },
}
