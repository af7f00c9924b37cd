import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/systemd/**'],
    environment: 'node',
    globalSetup: ['test/support/build.ts', 'test/support/nothing-left.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A test may start twenty programs, on a machine that has other things to do.
    testTimeout: 120_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    unstubEnvs: true,
    // A test without an assertion cannot fail.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
  },
})
