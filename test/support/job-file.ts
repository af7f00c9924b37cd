import { z } from 'zod'
import { parseYaml } from '../../src/support/yaml-document.js'

/** The fields of a job's file, whatever they are. */
export function jobFileFields(bytes: Uint8Array): Record<string, unknown> {
  const parsed = parseYaml(bytes, z.record(z.string(), z.unknown()), () => [])
  if (!parsed.ok) throw new Error('the job file is no YAML')
  return parsed.value
}
