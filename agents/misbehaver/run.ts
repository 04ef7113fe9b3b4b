/** Puts a misbehaver in front of a counter, in a simulated world: `node agents/misbehaver/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { defineAgent } from 'kernell-os/actors'
import { createSimulatedActors, createWorld } from 'kernell-os/simulation'
import { fromTransition } from 'xstate'
import { misbehaver, type MisbehaverConduct, type MisbehaverInput } from './agent.ts'

const MESSAGES = 1_000
const CONDUCT: MisbehaverConduct = { drop: 0.1, duplicate: 0.1, lie: 0.1, delay: 0.1, delayMsMax: 50 }

/** What came of a thousand numbers that were sent through it, one a millisecond. */
async function heardWith(conduct: MisbehaverConduct, seed: number): Promise<{ heard: number[]; hash: string }> {
  const world = createWorld({ seed: 7 })
  const owner = world.createProcess('node')
  const actors = createSimulatedActors({ world, owner })
  const heard: number[] = []
  const listener = defineAgent({
    name: 'listener',
    logic: fromTransition((count: number, event: { type: 'number'; value: number }) => {
      heard.push(event.value)
      return count + 1
    }, 0),
  })
  const target = actors.spawn(listener, { id: 'listener' })
  const input: MisbehaverInput = { target, conduct, seed }
  const between = actors.spawn(misbehaver, { id: 'between', input })
  for (let value = 0; value < MESSAGES; value += 1)
    owner.timers.schedule(value, () => void between.send({ type: 'number', value }))
  await world.run()
  assert.deepEqual(world.failures, [])
  return { heard, hash: world.hash }
}

const honest = await heardWith({ drop: 0, duplicate: 0, lie: 0, delay: 0 }, 1)
assert.deepEqual(
  honest.heard,
  Array.from({ length: MESSAGES }, (_, value) => value),
)

const bad = await heardWith(CONDUCT, 1)
const late = bad.heard.filter((value, at) => at > 0 && value < (bad.heard[at - 1] ?? 0)).length
assert.ok(bad.heard.length > 900 && bad.heard.length < 1_100 && late > 0)

const [again, other] = [await heardWith(CONDUCT, 1), await heardWith(CONDUCT, 2)]
assert.equal(again.hash, bad.hash)
assert.notEqual(other.hash, bad.hash)

process.stdout.write(`with no share of anything it passes on all ${MESSAGES} messages in their order
with a tenth of each it lost, doubled, changed and delayed some: ${bad.heard.length} came, ${late} of them behind a later one
the same seed gives the same run, another one another
`)
