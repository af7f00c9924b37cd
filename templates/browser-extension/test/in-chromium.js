// npm run test:browser: loads dist/ into a headless Chromium of its own and looks at the popup there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dist = realpathSync('dist')
// An unpacked extension is named by its folder's path: half a SHA-256, written in the letters a to p.
const hash = createHash('sha256').update(dist).digest('hex').slice(0, 32)
const id = [...hash].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('')

const folder = mkdtempSync(join(tmpdir(), 'extension-'))
try {
  const html = execFileSync(
    process.env.CHROMIUM ?? 'chromium',
    [
      '--headless',
      // Root can't have Chromium's sandbox; containers are root as a rule.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--no-first-run',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--user-data-dir=${folder}`,
      `--load-extension=${dist}`,
      '--virtual-time-budget=5000',
      '--dump-dom',
      `chrome-extension://${id}/popup.html`,
    ],
    { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HOME: folder } },
  )
  assert.match(html, /Words on this page/, 'the popup does not open')
  // The active tab is the popup itself, which the browser keeps extensions from reading.
  assert.match(html, /This page cannot be read/, 'the script of the popup does not run')
  console.log('the popup works in Chromium')
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}
