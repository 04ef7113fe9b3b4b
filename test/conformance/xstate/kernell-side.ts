/** Our `createActor`, as XState's tests get it. */
import type { createActor as createXStateActor } from 'xstate'
import { createActor as createKernellActor } from '../../../src/actors/create-actor.ts'
import { cellCounts } from '../../../src/actors/system/cell-counts.ts'
import { CensusTaker, type XStateActor } from './actor-census.ts'
import { watchTests } from './census-hooks.ts'
import { withPlant } from './plants.ts'

const census = new CensusTaker({ counts: () => ({ ...cellCounts() }), hasTurn })
watchTests(census)

const create = withPlant(process.env['KERNELL_PLANT'] ?? '', createKernellActor)

export const createActor: typeof createXStateActor = (...given) => census.noteRoot(create(...given))

function hasTurn(actor: XStateActor): boolean {
  const { kernellCell } = actor as { readonly kernellCell?: { readonly system: { readonly current: unknown } } }
  return kernellCell !== undefined && kernellCell.system.current === kernellCell
}
