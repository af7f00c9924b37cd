import * as z from 'zod'

const login = z.looseObject({ login: z.string(), type: z.string().optional() })
const repository = z.looseObject({
  name: z.string(),
  full_name: z.string(),
  clone_url: z.string().optional(),
  fork: z.boolean().optional(),
})
const label = z.looseObject({ name: z.string() })
const subject = z.looseObject({
  number: z.number().int(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string().optional(),
  state: z.string().optional(),
  author_association: z.string().optional(),
  user: login.nullish(),
  labels: z.array(label).optional(),
})

/**
 * The fields of an event that decide anything; all others stay as they are, for a rule to look at. Every event has its
 * own, so each is optional here. Source: GitHub's documentation, "Webhook events and payloads".
 */
const payloadSchema = z.looseObject({
  action: z.string().optional(),
  repository: repository.optional(),
  sender: login.optional(),
  organization: z.looseObject({ login: z.string().optional() }).optional(),
  issue: subject.optional(),
  pull_request: subject
    .extend({ head: z.looseObject({ ref: z.string(), repo: repository.nullish() }).optional() })
    .optional(),
  comment: z
    .looseObject({ body: z.string().nullish(), author_association: z.string().optional(), user: login.nullish() })
    .optional(),
  label: label.optional(),
})

export type Payload = z.infer<typeof payloadSchema>

/** The payload, or undefined where a field that decides is not of the form that GitHub documents. */
export function parsePayload(value: unknown): Payload | undefined {
  const parsed = payloadSchema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

/**
 * The command in a comment: its first line is `/dev` and at most one word. `say`: what follows the word, to the comment's
 * end, is the text. `other`: a word that is not known.
 */
export type CommandVerb = 'create' | 'restart' | 'stop' | 'say' | 'other'

export function commandOf(
  payload: Payload,
): { readonly verb: CommandVerb; readonly word: string; readonly text?: string } | undefined {
  const said = /^\/dev[ \t]+say(?=\s|$)(.*)$/s.exec(payload.comment?.body ?? '')
  if (said !== null) return { verb: 'say', word: 'say', text: (said[1] ?? '').trim() }
  const line = payload.comment?.body?.split(/\r?\n/, 1)[0] ?? ''
  const match = /^\/dev(?:[ \t]+(\S.*?))?[ \t]*$/.exec(line)
  if (match === null) return undefined
  const word = match[1] ?? ''
  switch (word) {
    case '':
      return { verb: 'create', word }
    case 'restart':
      return { verb: 'restart', word }
    case 'stop':
      return { verb: 'stop', word }
    default:
      return { verb: 'other', word }
  }
}

/** The value at a path of the payload; a path through a list gives one value for each item. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  let values: readonly unknown[] = [value]
  for (const step of path.split('.')) {
    values = values
      .flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]))
      .map((one) =>
        typeof one === 'object' && one !== null && Object.hasOwn(one, step)
          ? (one as Record<string, unknown>)[step]
          : undefined,
      )
  }
  return values
    .flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]))
    .filter((one) => one !== undefined && one !== null)
}
