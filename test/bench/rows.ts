import type { Row } from './row.js'
import { panes } from './rows/panes.js'
import { repositories } from './rows/repositories.js'

/** Everything that `npm run bench` measures, in this order. A row more is one file and one line here. */
export const rows: readonly Row[] = [panes, ...repositories]
