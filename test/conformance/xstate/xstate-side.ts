/** XState as it is, counted in the same way as ours: what its tests are compared with. */
import { createActor as createXStateActor } from 'xstate'
import { CensusTaker } from './actor-census.ts'
import { watchTests } from './census-hooks.ts'

const census = new CensusTaker({ counts: () => ({ created: 0, adopted: 0, messages: 0 }), hasTurn: () => false })
watchTests(census)

export const createActor: typeof createXStateActor = (...given) => census.noteRoot(createXStateActor(...given))
