import type { PlantedBug } from '../planted-bug.ts'

export const LOST_UPDATES: readonly PlantedBug[] = [
  {
    name: 'delta-not-replayed',
    class: 'lost-update',
    file: 'src/actors/durable/state/durable-state.ts',
    search: "else if (record.delta !== undefined && actor.state.kind !== 'live') actor.state.deltas.push(record.delta)",
    replacement:
      "else if (record.delta !== undefined && actor.state.kind !== 'live' && record.number % 5 !== 0)\n    actor.state.deltas.push(record.delta)",
    what: 'every fifth change of a state is not there any more when the journal is read',
  },
  {
    name: 'inbox-not-in-checkpoint',
    class: 'lost-update',
    file: 'src/actors/durable/state/durable-actor.ts',
    search: '...(actor.inbox !== undefined && { inbox: [...actor.inbox.values()] }),',
    replacement: '...(actor.inbox !== undefined && { inbox: [...actor.inbox.values()].slice(1) }),',
    what: 'a checkpoint leaves out the message that has waited longest',
  },
  {
    name: 'timers-not-in-checkpoint',
    class: 'lost-update',
    file: 'src/actors/durable/state/durable-actor.ts',
    search: '...(actor.timers !== undefined && { timers: [...actor.timers.values()] }),',
    replacement: '',
    what: 'a checkpoint leaves out the timers',
  },
  {
    name: 'message-to-itself-only',
    class: 'lost-update',
    file: 'src/actors/durable/state/durable-state.ts',
    search: 'for (const { to, event, version } of record.messages ?? []) {',
    replacement:
      'for (const { to, event, version } of (record.messages ?? []).slice(0, record.number % 16 === 0 ? 0 : undefined)) {',
    what: 'every sixteenth turn loses what it sent',
  },
]
