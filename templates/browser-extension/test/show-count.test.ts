import { afterEach, expect, it, vi } from 'vitest'
import { showCount } from '../src/popup/show-count'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** The few parts of the browser that the popup uses. */
function stubChrome(executeScript: () => Promise<{ result: string }[]>) {
  vi.stubGlobal('chrome', {
    tabs: { query: () => Promise.resolve([{ id: 7 }]) },
    scripting: { executeScript },
  })
}

it('shows how many words the page has', async () => {
  stubChrome(() => Promise.resolve([{ result: 'Seeds and soil' }]))
  const output = document.createElement('p')
  await showCount(output)
  expect(output.textContent).toBe('3 words')
})

it('says so where the page may not be read', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  stubChrome(() => Promise.reject(new Error('Cannot access a chrome:// URL')))
  const output = document.createElement('p')
  await showCount(output)
  expect(output.textContent).toBe('This page cannot be read')
})
