import { createGraphQLError, createSchema } from 'graphql-yoga'
import type { NoteStore } from './note-store.js'

/** What every resolver is given. */
export interface Context {
  readonly notes: NoteStore
}

const typeDefs = /* GraphQL */ `
  type Note {
    id: ID!
    text: String!
  }

  type Query {
    "All notes, the oldest first."
    notes: [Note!]!
  }

  type Mutation {
    addNote(text: String!): Note!
  }
`

export const schema = createSchema<Context>({
  typeDefs,
  resolvers: {
    Query: {
      notes: (_parent, _args, { notes }) => notes.all(),
    },
    Mutation: {
      addNote: (_parent, { text }: { text: string }, { notes }) => {
        if (text.trim() === '') throw badInput('text: it is empty')
        return notes.add(text.trim())
      },
    },
  },
})

/** An error that the caller may read; every other one is answered as "Unexpected error." and logged. */
function badInput(message: string): Error {
  return createGraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}
