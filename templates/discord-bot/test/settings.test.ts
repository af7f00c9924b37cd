import { expect, it } from 'vitest'
import { settingsFrom } from '../src/settings.js'

it('reads the environment', () => {
  const environment = { DISCORD_TOKEN: 'secret', DISCORD_APPLICATION_ID: '42', DISCORD_GUILD_ID: '' }
  expect(settingsFrom(environment)).toEqual({ token: 'secret', applicationId: '42', guildId: undefined })
})

it('names everything that is missing', () => {
  expect(() => settingsFrom({})).toThrow('set DISCORD_TOKEN and DISCORD_APPLICATION_ID')
})
