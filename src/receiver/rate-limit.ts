import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { rateKey } from './caller-address.js'

/** Counts unsigned and refused calls of each address; signed deliveries are exempt, since GitHub never repeats one. */
export interface RateLimit {
  /** Counts one call. @returns seconds to wait where the address has had its share; undefined: go on. */
  take(address: string): Promise<number | undefined>
}

/** @param perMinute 0: no limit */
export function createRateLimit(perMinute: number): RateLimit {
  if (perMinute === 0) return { take: () => Promise.resolve(undefined) }
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 })
  return {
    async take(address) {
      try {
        await limiter.consume(rateKey(address))
        return undefined
      } catch (error) {
        if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1000))
        throw error
      }
    },
  }
}
