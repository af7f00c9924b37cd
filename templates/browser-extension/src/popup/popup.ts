import { showCount } from './show-count'

const output = document.getElementById('count')
if (output === null) throw new Error('popup.html has no element with the id "count"')

await showCount(output)
