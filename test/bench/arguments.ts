import { parseArgs } from 'node:util'

export interface Arguments {
  readonly json: boolean
  /** Of each row; undefined: as many as its time allows. */
  readonly runs: number | undefined
  /** The rows to be measured, in the order of the table. */
  readonly rows: readonly string[]
}

export interface RowName {
  readonly name: string
  /** Measured only where it is named, or with `--long`. */
  readonly isLong: boolean
}

/** @throws Error, to be shown, for what is not understood */
export function parseArguments(args: readonly string[], rows: readonly RowName[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const runs = values.runs === undefined ? undefined : Number(values.runs)
  if (runs !== undefined && (!Number.isInteger(runs) || runs < 1)) throw new Error('--runs takes a number from 1 on')
  const named = values.only?.split(',')
  const unknown = named?.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) {
    throw new Error(`--only knows no row "${unknown}"; there are ${rows.map(({ name }) => name).join(', ')}`)
  }
  const wanted = rows.filter(({ name, isLong }) =>
    named === undefined ? values.long || !isLong : named.includes(name),
  )
  return { json: values.json, runs, rows: wanted.map(({ name }) => name) }
}
