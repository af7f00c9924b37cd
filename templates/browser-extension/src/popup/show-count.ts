import { countWords } from '../words'

/** Writes the number of words of the page in the active tab into an element, or why there is none. */
export async function showCount(output: HTMLElement): Promise<void> {
  try {
    const count = countWords(await textOfActiveTab())
    output.textContent = `${count} ${count === 1 ? 'word' : 'words'}`
  } catch (error) {
    console.warn(error)
    // Browsers keep extensions out of their own pages, of their stores and of other extensions.
    output.textContent = 'This page cannot be read'
  }
}

async function textOfActiveTab(): Promise<string> {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true })
  if (tab?.id === undefined) throw new Error('there is no active tab')
  // The function runs in the page: it sees nothing of this file.
  const [injected] = await chrome.scripting.executeScript({
    target: { tabId: tab.id },
    func: () => document.body.innerText,
  })
  return injected?.result ?? ''
}
