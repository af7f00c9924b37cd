import { defineConfig } from 'vitest/config'

/** The tests on a machine with a real systemd (npm run test:systemd), apart from the others: they need root. */
export default defineConfig({
  test: {
    include: ['test/systemd/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['test/support/build.ts', 'test/support/nothing-left.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    restoreMocks: true,
    unstubEnvs: true,
    expect: { requireAssertions: true },
  },
})
