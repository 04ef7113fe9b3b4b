/** Asks an echo, restarts nothing, loses nothing: `node agents/echo/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { echo, type Heard } from './agent.ts'

const system = createActorSystem()
const ref = system.spawn(echo, { id: 'echo' })

const first = await ref.ask<Heard>({ type: 'say', payload: { greeting: 'hello' } })
assert.deepEqual(first, { type: 'heard', payload: { greeting: 'hello' }, count: 1 })

const replies = await Promise.all(
  Array.from({ length: 1_000 }, async (_, number) => await ref.ask<Heard>({ type: 'say', payload: number })),
)
assert.ok(replies.every(({ payload, count }, number) => payload === number && count === number + 2))

ref.send({ type: 'something else' })
assert.equal((await ref.ask<Heard>({ type: 'say' })).count, 1_002)
await ref.stop()
await assert.rejects(ref.ask({ type: 'say' }), { code: 'ACTOR_STOPPED' })
await system.stop()

process.stdout.write(`heard ${JSON.stringify(first.payload)} back
1,000 messages asked at once came back in order, each once
an event that is not its own changes nothing
an echo that was stopped refuses with ACTOR_STOPPED
`)
