import * as z from 'zod'

/** The keys that a schema knows at a path; empty where it is no object there. For naming the nearest known key. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return keysAt(schema.def.innerType, path)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return keysAt(schema.def.innerType, path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  const [step, ...rest] = path
  if (step === undefined) return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest)
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest)
  if (!(schema instanceof z.ZodObject)) return []
  const next: unknown = schema.shape[String(step)]
  return next instanceof z.ZodType ? keysAt(next, rest) : []
}
