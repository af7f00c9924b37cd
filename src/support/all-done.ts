/**
 * Waits for all of them, also where one fails: who clears up after that must know that nothing goes on.
 * @throws what the first of them, in their order, failed with
 */
export async function allDone<T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  for (const one of await Promise.allSettled(work)) if (one.status === 'rejected') throw one.reason
  return await Promise.all(work)
}
