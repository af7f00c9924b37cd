import { cp, rm } from 'node:fs/promises'
import { build, context } from 'esbuild'

const watching = process.argv.includes('--watch')

/** @type {import('esbuild').BuildOptions} */
const options = {
  entryPoints: [
    { in: 'src/background.ts', out: 'background' },
    { in: 'src/popup/popup.ts', out: 'popup' },
    { in: 'src/popup/popup.html', out: 'popup' },
    { in: 'src/popup/popup.css', out: 'popup' },
  ],
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  target: 'chrome120',
  loader: { '.html': 'copy' },
  sourcemap: watching ? 'inline' : false,
  logLevel: 'info',
}

await rm('dist', { recursive: true, force: true })
await cp('public', 'dist', { recursive: true })
if (watching) {
  const building = await context(options)
  await building.watch()
} else {
  await build(options)
}
