import { access } from 'node:fs/promises'
import { Problem } from '../../support/problem.js'

/** @throws Problem where this is not root, or not a machine that systemd runs (sd_booted(3)) */
export async function needRoot(doing: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Problem({ doing, because: 'only root can', remedy: `sudo devorch ${doing}` })
  }
  try {
    await access('/run/systemd/system')
  } catch (error) {
    throw new Problem({
      doing,
      because: 'systemd does not run this machine',
      remedy: 'run the daemon by hand: devorch serve',
      cause: error,
    })
  }
}
