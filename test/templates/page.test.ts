import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/temporary.js'
import { pageText, textOf } from './page.js'

describe('the text of a serialised document', () => {
  it.each([
    ['<p>Seeds &amp; soil,&nbsp;1 &lt; 2</p>', 'Seeds & soil, 1 < 2'],
    ['<p>&amp;lt;</p>', '&lt;'],
    ['<h1>One</h1><p>Two</p>\n\n<p>Three</p>', 'One Two Three'],
    ['<p>Edit <code class="a">src/<b>App</b>.tsx</code>.</p>', 'Edit src/App.tsx.'],
    ['<p title="a > b">shown</p>', 'shown'],
    ['<!-- <p>remark</p> --><p>shown</p>', 'shown'],
    ['<p>Clicked <!-- -->0<!-- --> <!-- -->times</p>', 'Clicked 0 times'],
    ['<html><head><title>Title</title></head><body>shown</body></html>', 'shown'],
    ['<header>shown</header>', 'shown'],
    ['<script>if (1 < 2) hide("<p>")</script><style>p > b {}</style><template>no</template>shown', 'shown'],
  ])('of %s is %s', (html, text) => {
    expect(textOf(html)).toBe(text)
  })
})

const chromium = existsSync('/usr/bin/chromium') ? undefined : "Debian's package chromium is not installed"

describe.skipIf(chromium !== undefined)(`a page in Chromium${chromium === undefined ? '' : ` (${chromium})`}`, () => {
  it('shows what its scripts make of it, also as a picture', { timeout: 200_000 }, async () => {
    const document = `<!doctype html><p id="here">before</p><script>
      setTimeout(() => { document.getElementById('here').textContent = 'after & later' }, 2000)
    </script>`
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(document)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const picture = join(await temporaryFolder(), 'page.png')
    const url = `http://127.0.0.1:${port.toString()}/`
    expect(await pageText(url, undefined, picture)).toBe('after & later')
    expect((await readFile(picture)).subarray(1, 4).toString()).toBe('PNG')
  })

  it('can be given up', async () => {
    await expect(pageText('http://127.0.0.1:9/', AbortSignal.abort())).rejects.toMatchObject({
      because: 'it was stopped',
    })
  })
})
