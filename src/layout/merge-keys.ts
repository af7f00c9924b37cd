/**
 * Merges what stands under the key `<<` into the mapping that it stands in, which has precedence: YAML 1.1, which
 * tmuxp reads, has that key, YAML 1.2 has not (https://yaml.org/type/merge.html).
 */
export function mergeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mergeKeys)
  if (typeof value !== 'object' || value === null) return value
  const own: [string, unknown][] = []
  const merged: [string, unknown][] = []
  for (const [key, one] of Object.entries(value)) {
    if (key !== '<<') own.push([key, mergeKeys(one)])
    // Of several the earlier has precedence.
    else for (const source of [one].flat().reverse()) merged.push(...entriesOf(mergeKeys(source)))
  }
  return Object.fromEntries([...merged, ...own])
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}
