import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../src/support/problem.js'
import { childEnvironment, describeFailure, run } from '../../src/support/process.js'

const timeoutMs = 180_000
/** How long the page's own clock runs before it is read; Chromium advances it as fast as the page lets it. */
const pageTimeMs = 10_000

/**
 * Opens a page in headless Chromium (Debian's package `chromium`).
 * @param picture where a screenshot (PNG) is written as well
 * @returns the text that the page shows once its scripts have run, white space folded
 * @throws Problem where Chromium is missing or fails; a page that cannot be reached shows Chromium's own words about it
 */
export async function pageText(url: string, signal?: AbortSignal, picture?: string): Promise<string> {
  // Its home too: Chromium writes to ~/.cache, ~/.config and ~/.pki beside its profile.
  const folder = await mkdtemp(join(tmpdir(), 'devorch-page-'))
  try {
    const result = await run(
      'chromium',
      [
        '--headless',
        // As root Chromium does not start with its sandbox; the pages are the templates' own.
        '--no-sandbox',
        `--user-data-dir=${join(folder, 'profile')}`,
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-breakpad',
        '--disable-dev-shm-usage',
        '--disable-gpu',
        '--hide-scrollbars',
        '--window-size=1000,700',
        `--virtual-time-budget=${pageTimeMs.toString()}`,
        '--dump-dom',
        ...(picture === undefined ? [] : [`--screenshot=${picture}`]),
        url,
      ],
      {
        timeoutMs,
        env: childEnvironment(process.env, { HOME: folder, TMPDIR: folder }),
        maxOutputBytes: 8 * 1024 * 1024,
        ...(signal === undefined ? {} : { signal }),
      },
    )
    // Chromium says much on stderr that is not an error of the page, about D-Bus above all.
    if (result.ended === 'exited' && result.code === 0) return textOf(result.stdout)
    throw new Problem({ doing: `open ${url}`, because: describeFailure(result), remedy: 'try chromium by hand' })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/**
 * The text of a document as Chromium serialises it: in text `&`, `<`, `>` and the no-break space are the only
 * character references, and the content of raw elements stands as it is (HTML Standard, 13.3).
 */
export function textOf(html: string): string {
  return html
    .replace(/<!--.*?-->/gs, '')
    .replace(/<(head|script|style|template|noscript|iframe)[\s>].*?<\/\1>/gs, ' ')
    .replace(/<\/?(?:b|i|em|strong|a|code|span|small|abbr|time|kbd)(?:\s(?:"[^"]*"|[^">])*)?>/g, '')
    .replace(/<(?:"[^"]*"|[^">])*>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
}
