export function greetingFor(name: string, { loud }: { readonly loud: boolean }): string {
  const greeting = `Hello, ${name}!`
  return loud ? greeting.toUpperCase() : greeting
}
