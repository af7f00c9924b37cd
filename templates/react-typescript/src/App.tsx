import { useState } from 'react'

export function App({ title }: { title: string }) {
  const [count, setCount] = useState(0)

  return (
    <main>
      <h1>{title}</h1>
      <p>
        Edit <code>src/App.tsx</code> and save: the page follows.
      </p>
      <button type="button" onClick={() => setCount((current) => current + 1)}>
        Clicked {count} {count === 1 ? 'time' : 'times'}
      </button>
    </main>
  )
}
