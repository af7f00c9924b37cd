/** One of 1 to `sides`. `random` gives numbers from 0 to below 1. */
export function rollDie(sides: number, random: () => number = Math.random): number {
  return 1 + Math.floor(random() * sides)
}
