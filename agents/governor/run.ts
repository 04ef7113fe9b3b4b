/** A voter proposes a longer time to accept, and another one votes: `node agents/governor/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import {
  DEFAULT_PARAMETERS,
  Governor,
  GovernanceBoard,
  hashOfParameters,
  hashOfWeights,
  journaledGovernance,
  MachineJournal,
  nameJournal,
  type WeightTable,
} from 'kernell-os/market'
import { createMemoryEventLog } from 'kernell-os/storage'
import { OfflineMarket } from '../offline/offline-market.ts'
import { governor, type Governed, type GovernorInput } from './agent.ts'

const market = await OfflineMarket.open([])
const voters = await Promise.all([10, 11].map(async (number) => await market.party(number)))
const rows = voters
  .map(({ did }) => ({ voter: did, weight: 50n }))
  .toSorted((one, other) => (one.voter < other.voter ? -1 : 1))
const table: WeightTable = { source: 'bond', rows }
const at = (ms: number): never => ms as never
const journaled = journaledGovernance({ parameters: DEFAULT_PARAMETERS, at: at(0) })
const journal = await MachineJournal.open({ log: createMemoryEventLog(), journaled }, nameJournal('governance'))
const board = new GovernanceBoard(journal)
await board.take({ type: 'weights-published', table, at: at(Date.now() - 1_000) })

const system = createActorSystem()
const refs = voters.map((party, index) => {
  const input: GovernorInput = { governor: new Governor({ party, board }) }
  return system.spawn(governor, { id: `governor-${index}`, input })
})
const [first, second] = refs
assert.ok(first !== undefined && second !== undefined)
const changes = [{ name: 'minimum.acceptMs', value: 1_200_000n }]
const base = hashOfParameters(DEFAULT_PARAMETERS)
const proposal = { act: 'longer-acceptance', base, weights: hashOfWeights(table), changes }
const short = { ...proposal, act: 'too-soon' }
const refused = await first.ask<Governed>({ type: 'govern', proposal: short, timelockMs: 1 })
assert.notEqual(refused.outcome, 'done')
const proposed = await first.ask<Governed>({ type: 'govern', proposal, timelockMs: 60_000_000_000 })
assert.equal(proposed.outcome, 'done')
for (const ref of refs)
  assert.equal((await ref.ask<Governed>({ type: 'govern', proposal: proposed.message })).outcome, 'done')
const shown = board.show(proposed.message)
assert.equal(shown?.tally?.for, '100')

const lines = [
  `refused: a timelock of a millisecond (${refused.outcome})`,
  `proposed: minimum.acceptMs = 1200000 (${proposed.message.slice(0, 12)}...)`,
  `votes: ${shown?.tally?.for} of ${shown?.tally?.total}, carried: ${shown?.isCarried}`,
  `executable from ${new Date(shown?.executableAt ?? 0).getUTCFullYear()} on, when no contract is left under the old rules`,
  'contracts keep the parameter set that they name',
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()
