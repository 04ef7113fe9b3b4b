/** A voter proposes a longer time to accept, another one votes, and the set is in force: `node agents/governor/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { DEFAULT_PARAMETERS, Governor, type WeightTable } from 'kernell-os/market'
import { OfflineMarket } from '../offline/offline-market.ts'
import { governor, type Governed, type GovernorInput } from './agent.ts'

// Votes of a quarter of a second; a timelock that is only longer than the contracts, of which there are none.
const founding = { ...DEFAULT_PARAMETERS, 'governance.votingMs': 250n, 'governance.timelockMinMs': 0n }
const market = await OfflineMarket.open([], { founding })
const voters = await Promise.all([10, 11].map(async (number) => await market.party(number)))
const rows = voters
  .map(({ did }) => ({ voter: did, weight: 50n }))
  .toSorted((one, other) => (one.voter < other.voter ? -1 : 1))
const table: WeightTable = { source: 'bond', rows }
const weights = await market.publishWeights(table)

const system = createActorSystem()
const refs = voters.map((party, index) => {
  const input: GovernorInput = { governor: new Governor({ party, notary: market.door }) }
  return system.spawn(governor, { id: `governor-${index}`, input })
})
const [first, second] = refs
assert.ok(first !== undefined && second !== undefined)
const { current: base } = await market.governance()
const proposal = { base, weights, changes: [{ name: 'minimum.acceptMs', value: 1_200_000n }] }
const proposed = await first.ask<Governed>({ type: 'govern', proposal, timelockMs: 200 })
assert.equal(proposed.outcome, 'done')
const id = proposed.message
for (const ref of refs) assert.equal((await ref.ask<Governed>({ type: 'govern', proposal: id })).outcome, 'done')
const shown = (await market.governance()).proposals.find((known) => known.id === id)
assert.equal(shown?.tally?.for, '100')
const early = await second.ask<Governed>({ type: 'govern', proposal: id, act: 'execute' })
assert.notEqual(early.outcome, 'done')
await new Promise((resolve) => setTimeout(resolve, Math.max(0, (shown?.executableAt ?? 0) - Date.now()) + 20))
const executed = await second.ask<Governed>({ type: 'govern', proposal: id, act: 'execute' })
assert.equal(executed.outcome, 'done')
const { current, sets } = await market.governance()
assert.notEqual(current, base)
assert.equal(sets.find(({ hash }) => hash === current)?.values['minimum.acceptMs'], '1200000')

const lines = [
  `proposed: minimum.acceptMs = 1200000 (${id.slice(0, 12)}...)`,
  `votes: ${shown?.tally?.for} of ${shown?.tally?.total}, carried: ${shown?.isCarried}`,
  `refused before its timelock has passed: ${early.outcome}`,
  `executed: contracts pin ${current.slice(0, 12)}... from now on, and those that live keep ${base.slice(0, 12)}...`,
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()
