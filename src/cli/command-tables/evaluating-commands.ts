import type { CommandEntry } from '../command.ts'

/** Commands that measure, and play worlds. */
export const EVALUATING_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'usage',
    summary: 'add up what tasks took and cost, by tenant, team, key, model, day and more',
    load: async () => (await import('../commands/usage.ts')).usageCommand,
  },
  {
    name: 'eval routing',
    summary: 'measure the policy on questions with known scores; --save keeps it',
    load: async () => (await import('../commands/evaluate-routing.ts')).evaluateRoutingCommand,
  },
  {
    name: 'eval canary',
    summary: 'measure how fast a rollout takes back a bad candidate',
    load: async () => (await import('../commands/evaluate-canary.ts')).evaluateCanaryCommand,
  },
  {
    name: 'eval cost',
    summary: 'measure cost at equal quality over many models',
    load: async () => (await import('../commands/evaluate-cost.ts')).evaluateCostCommand,
  },
  {
    name: 'eval cache',
    summary: 'measure right and wrong cache hits on question pairs; --save keeps the calibration',
    load: async () => (await import('../commands/evaluate-cache.ts')).evaluateCacheCommand,
  },
  {
    name: 'eval ssrf',
    summary: 'measure which URLs the way out refuses: addresses, names, redirects',
    load: async () => (await import('../commands/evaluate-ssrf.ts')).evaluateSsrfCommand,
  },
  {
    name: 'eval injection',
    summary: 'measure what is recognised as a prompt injection; --save keeps the model',
    load: async () => (await import('../commands/evaluate-injection.ts')).evaluateInjectionCommand,
  },
  {
    name: 'eval loop',
    summary: 'let a policy learn from what it executes, on recorded outcomes, and see how fast it gets cheaper',
    load: async () => (await import('../commands/evaluate-loop.ts')).evaluateLoopCommand,
  },
  {
    name: 'simulate',
    summary: 'play a scenario in a seeded world with faults, and check what must always hold',
    load: async () => (await import('../commands/simulate.ts')).simulateCommand,
  },
]
