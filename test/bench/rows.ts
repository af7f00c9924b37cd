import type { Row } from './row.js'
import { acknowledgements } from './rows/acknowledge.js'
import { burst } from './rows/burst.js'
import { commandLine } from './rows/command-line.js'
import { growth } from './rows/growth.js'
import { inboxes } from './rows/inbox.js'
import { memory } from './rows/memory.js'
import { panes } from './rows/panes.js'
import { records } from './rows/records.js'
import { repositories } from './rows/repositories.js'
import { sessions } from './rows/sessions.js'
import { start } from './rows/start.js'
import { templates } from './rows/templates.js'

/** Everything that `npm run bench` measures, in this order. A row more is one file and one line here. */
export const rows: readonly Row[] = [
  acknowledgements,
  ...repositories,
  panes,
  burst,
  start,
  commandLine,
  memory,
  ...templates,
  growth,
  sessions,
  ...inboxes,
  records,
]
