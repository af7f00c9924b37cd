import { countWords } from './words'

const menuItem = 'count-words'

chrome.runtime.onInstalled.addListener(() => {
  chrome.contextMenus.create({ id: menuItem, title: 'Count the selected words', contexts: ['selection'] })
})

// A service worker is ended when it is idle: listeners are registered at the top, and nothing is kept in variables.
chrome.contextMenus.onClicked.addListener((info, tab) => {
  if (info.menuItemId !== menuItem || tab?.id === undefined) return
  const text = String(countWords(info.selectionText ?? ''))
  void chrome.action.setBadgeText({ tabId: tab.id, text })
})
