import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { countWords } from '../count-words.js'

/** An example of a tool. What its description says is all that a model knows of it. */
export function addCountWords(server: McpServer): void {
  server.registerTool(
    'count-words',
    {
      title: 'Count words',
      description: 'Counts the words of a text, which are separated by white space.',
      inputSchema: z.object({ text: z.string().max(1_000_000).describe('The text itself, not a file name') }),
      outputSchema: z.object({ words: z.number().int() }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ text }) => {
      const structuredContent = { words: countWords(text) }
      return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }
    },
  )
}
