import type { PlantedBug } from '../planted-bug.ts'

export const DOUBLE_SETTLES: readonly PlantedBug[] = [
  {
    name: 'key-not-looked-at',
    class: 'double-settle',
    file: 'src/actors/durable/inbox/stored-inboxes.ts',
    search: 'if (key !== undefined && actor.keys?.has(key) === true) return true',
    replacement: 'if (key !== undefined && actor.keys?.has(key) === true && actor.inbox !== undefined) return true',
    what: 'a message that comes again is taken again where nothing waits for the actor',
  },
  {
    name: 'keys-not-in-checkpoint',
    class: 'double-settle',
    file: 'src/actors/durable/state/durable-actor.ts',
    search: '...(actor.keys !== undefined && { keys: [...actor.keys] }),',
    replacement: '',
    what: 'a checkpoint forgets which messages were taken',
  },
  {
    name: 'window-of-four-keys',
    class: 'double-settle',
    file: 'src/actors/durable/state/dedupe-window.ts',
    search: 'export const DEDUPE_KEYS_MAX = 1_024',
    replacement: 'export const DEDUPE_KEYS_MAX = 4',
    what: 'only the last four keys are remembered',
  },
  {
    name: 'reservation-kept',
    class: 'double-settle',
    file: 'src/core/budget/budget-machine.ts',
    search: 'const reservations = bucketMapDelete(state.reservations, id)',
    replacement: 'const { reservations } = state',
    what: 'a call that was settled may be settled again, and is when nobody expects it',
  },
]
