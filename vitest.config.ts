import { defineConfig } from 'vitest/config'

/** A file for the machine-readable result besides the text, for whoever counts. */
const reportFile = process.env.KERNELL_TEST_REPORT

/** One process takes these one after the other: what they test is pure and leaves nothing behind, and starting a process for each took a third of their time. */
const together = 'test/{core,wire}/**/*.test.ts'
/** Of those, what has a process of its own: its loops are quick only while nobody else has brought them other types. */
const apart = 'test/core/policy/trained-tasks.test.ts'

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: [together], exclude: [apart], isolate: false } },
      { extends: true, test: { name: 'others', include: ['test/**/*.test.ts'], exclude: [together] } },
      { extends: true, test: { name: 'apart', include: [apart] } },
    ],
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
