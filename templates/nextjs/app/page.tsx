import { Counter } from './counter'
import { siteName } from './site'

export default function Home() {
  return (
    <>
      <h1>{siteName}</h1>
      <p>
        Edit <code>app/page.tsx</code> and save: the page follows.
      </p>
      <Counter />
    </>
  )
}
