/** @throws RangeError where the name is empty */
export function greetingFor(name: string): string {
  if (name.trim() === '') throw new RangeError('the name is empty')
  return `Hello, ${name.trim()}!`
}
