export interface Settings {
  readonly token: string
  readonly applicationId: string
  /** The only server that gets the commands; undefined: all. */
  readonly guildId: string | undefined
}

/** @throws Error that names every variable which is missing */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): Settings {
  const [token = '', applicationId = ''] = [environment['DISCORD_TOKEN'], environment['DISCORD_APPLICATION_ID']]
  const missing = [
    ...(token === '' ? ['DISCORD_TOKEN'] : []),
    ...(applicationId === '' ? ['DISCORD_APPLICATION_ID'] : []),
  ]
  if (missing.length > 0) throw new Error(`set ${missing.join(' and ')} (see .env.example)`)
  const guildId = environment['DISCORD_GUILD_ID']
  return { token, applicationId, guildId: guildId === '' ? undefined : guildId }
}
