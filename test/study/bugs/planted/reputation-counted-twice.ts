import type { PlantedBug } from '../planted-bug.ts'

export const REPUTATION_COUNTED_TWICE: readonly PlantedBug[] = [
  {
    name: 'same-receipt-again',
    class: 'reputation-counted-twice',
    file: 'src/core/reputation/reputation-machine.ts',
    search: 'if (known !== undefined) return answerKnown(state, event, { known, hash })',
    replacement: 'if (known !== undefined && known.receipt !== hash) return answerKnown(state, event, { known, hash })',
    what: 'a receipt that comes again counts again',
    scenarios: ['chaos', 'marketplace'],
  },
  {
    name: 'evidence-doubled',
    class: 'reputation-counted-twice',
    file: 'src/core/reputation/beta-standing.ts',
    search: 'goodMicros: (known?.goodMicros ?? 0n) + goodMicros,',
    replacement: 'goodMicros: 2n * (known?.goodMicros ?? 0n) + goodMicros,',
    what: 'what is known of an epoch is added again with each contract',
    scenarios: ['chaos', 'marketplace'],
  },
  {
    name: 'worker-rated-twice',
    class: 'reputation-counted-twice',
    file: 'src/core/reputation/reputation-machine.ts',
    search: 'return REPUTATION_ROLES.flatMap((role) => {',
    replacement: "return [...REPUTATION_ROLES, 'worker' as const].flatMap((role) => {",
    what: 'one receipt changes the standing of the worker twice',
    scenarios: ['chaos', 'marketplace'],
  },
]
