import { defineConfig } from 'vitest/config'

/** A file for the machine-readable result besides the text, for whoever counts. */
const reportFile = process.env.KERNELL_TEST_REPORT

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build/before-all.ts'],
    // Files share nothing but the disk; two at a time keeps timings of single tests meaningful on small machines.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Stray rejections and open handles are faults of the code under test.
    dangerouslyIgnoreUnhandledErrors: false,
    restoreMocks: true,
    // A second run of the same test must give the same answer, so order is fixed and nothing is retried.
    sequence: { shuffle: false },
    retry: 0,
    reporters: reportFile === undefined ? ['default'] : ['default', ['json', { outputFile: reportFile }]],
  },
})
