import { expect, it, vi } from 'vitest'

it('shows the number of selected words on its icon', async () => {
  const onInstalled = vi.fn()
  const onClicked = vi.fn()
  const setBadgeText = vi.fn()
  vi.stubGlobal('chrome', {
    runtime: { onInstalled: { addListener: onInstalled } },
    contextMenus: { create: vi.fn(), onClicked: { addListener: onClicked } },
    action: { setBadgeText },
  })
  await import('../src/background')

  onInstalled.mock.lastCall?.[0]()
  expect(chrome.contextMenus.create).toHaveBeenCalledWith(expect.objectContaining({ id: 'count-words' }))

  onClicked.mock.lastCall?.[0]({ menuItemId: 'count-words', selectionText: 'Seeds and soil' }, { id: 7 })
  expect(setBadgeText).toHaveBeenCalledWith({ tabId: 7, text: '3' })
})
