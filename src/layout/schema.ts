import * as z from 'zod'
import { paneRoles } from './layout.js'

/*
 * tmuxp's files, as its loader takes them (tmuxp 1.27 and 1.7x, workspace/loader.py and builder). Objects are loose: tmuxp
 * passes over keys that it does not know, so that they are no reason to refuse a file; see `notes.ts`.
 */

const maxWindows = 50
const maxPanes = 50

const text = z.string('must be text; correct the value').max(10_000, 'is longer than 10,000 characters; shorten it')
const oneLine = text.refine((value) => !/\p{Cc}/u.test(value), 'contains a control character; write it on one line')
/** An empty value is as none. */
const word = z.preprocess((value) => (value === null || value === '' ? undefined : value), oneLine.optional())
const path = word.refine(
  (value) => value?.includes('#') !== true,
  'contains a #, which tmux would expand; use another folder',
)

/** As Python has it: `tmuxp freeze` writes `focus: 'true'`. */
const flag = z.preprocess(
  (value) => (typeof value === 'string' ? value !== '' && value !== 'false' : (value ?? undefined)),
  z.boolean('must be true or false').optional(),
)

const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be one value; write NAME: VALUE')

const seconds = z.preprocess(
  (value) => value ?? undefined,
  z.number('must be a number of seconds').min(0).max(3600, 'is more than an hour; shorten it').optional(),
)

/** A mapping whose keys are all of one kind; zod's own message for a key that is not says nothing. */
function mapping<T extends z.ZodType>(value: T, key: RegExp, wrong: string) {
  const record = z.record(z.string(), value).superRefine((all, context) => {
    for (const name of Object.keys(all))
      if (!key.test(name)) context.addIssue({ code: 'custom', path: [name], message: wrong })
  })
  return z.preprocess((given) => given ?? undefined, record.optional())
}

const environment = mapping(
  scalar.nullable().transform((value) => String(value ?? '')),
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  'is no name for a variable; use letters, digits and _',
)

const optionValue = z.preprocess(
  (value) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : typeof value === 'number' ? String(value) : value),
  oneLine.nullable(),
)
const options = mapping(
  optionValue,
  /^(?!@devorch)[a-z@][A-Za-z0-9_@-]{0,99}(\[\d{1,4}\])?$/,
  'is no option of tmux that a layout may set; remove it',
)

const command = z.preprocess(
  (value) => (typeof value === 'string' ? { cmd: value } : value),
  z.looseObject(
    { cmd: text, enter: flag, sleep_before: seconds, sleep_after: seconds },
    'must be a command; write text, or cmd: TEXT',
  ),
)
export type Command = z.infer<typeof command>

/** Words that stand for no command, where they stand alone. */
const blank: readonly unknown[] = [null, undefined, 'blank', 'pane']

const commands = z.preprocess(
  (value) => {
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.length === 1 && blank.includes(list[0]) ? [] : list.filter((one) => one !== null)
  },
  z.array(command).max(1000, 'has more than 1000 commands; put them into a script'),
)

/** tmuxp takes the short forms of a pane here too. */
const commandsBefore = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && 'shell_command' in value
      ? value.shell_command
      : value,
  commands,
)

const pane = z.preprocess(
  (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { shell_command: value }),
  z.looseObject({
    role: z.enum(paneRoles, `is no role; use ${paneRoles.join(', ')}`).optional(),
    shell_command: commands,
    shell_command_before: commandsBefore,
    shell: word,
    start_directory: path,
    environment,
    focus: flag,
    enter: flag,
    sleep_before: seconds,
    sleep_after: seconds,
    suppress_history: flag,
  }),
)
export type RawPane = z.infer<typeof pane>

const window = z.looseObject(
  {
    window_name: word,
    window_index: z.preprocess(
      (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value === '' ? undefined : value),
      z.number('must be a number').int().min(0).max(9000, 'is more than 9000; use a smaller one').optional(),
    ),
    window_shell: word,
    layout: word,
    start_directory: path,
    environment,
    focus: flag,
    options,
    options_after: options,
    shell_command_before: commandsBefore,
    suppress_history: flag,
    panes: z.preprocess(
      (value) => value ?? [null],
      z
        .array(pane, 'must be a list; write lines like - COMMAND')
        .min(1, 'is an empty list; remove it or add a pane')
        .max(maxPanes, `has more than ${maxPanes.toString()} panes; use several windows`),
    ),
  },
  'must be a group of fields; write window_name: NAME',
)
export type RawWindow = z.infer<typeof window>

export const layoutSchema = z.looseObject(
  {
    windows: z
      .array(window, 'must be a list of windows; write windows: and lines like - window_name: NAME')
      .min(1, 'is an empty list; add a window')
      .max(maxWindows, `has more than ${maxWindows.toString()} windows; use several layouts`),
    session_name: z.unknown().optional(),
    start_directory: path,
    environment,
    options,
    global_options: options,
    shell_command_before: commandsBefore,
    suppress_history: flag,
    before_script: z.unknown().optional(),
    plugins: z.unknown().optional(),
  },
  'must be a group of fields; write windows: and a list of windows',
)
export type RawLayout = z.infer<typeof layoutSchema>

/** The keys of each part, so that another one can name the nearest. */
export const layoutKeys = {
  layout: Object.keys(layoutSchema.shape),
  window: Object.keys(window.shape),
  pane: Object.keys(pane.def.out.shape),
  command: Object.keys(command.def.out.shape),
} as const
