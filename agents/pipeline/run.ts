/** Fans a text out over workers and holds a fast producer back: `node agents/pipeline/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { CodedError } from 'kernell-os/core'
import { pipeline, type PipelineDrained, type PipelineInput, type PipelineReply, type PipelineResult } from './agent.ts'

const soon = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))
/** Lets everything happen that can happen by itself. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 100; turn += 1) await soon()
}

let running = 0
let runningMax = 0
let isFirstCall = true
let badCalls = 0
const results: PipelineResult[] = []
const input: PipelineInput = {
  bufferMax: 2,
  waitingMax: 1,
  sink: { send: (event) => void results.push(event) },
  stages: [
    { name: 'split', isSplitting: true, run: (text) => Promise.resolve(String(text).split(' ')) },
    {
      name: 'shout',
      workers: 3,
      run: async (word) => {
        running += 1
        runningMax = Math.max(runningMax, running)
        await soon()
        running -= 1
        if (isFirstCall) {
          isFirstCall = false
          throw new CodedError('MODEL_RATE_LIMITED', { message: 'not now' })
        }
        if (word !== 'bad') return String(word).toUpperCase()
        badCalls += 1
        throw new CodedError('REQUEST_INVALID', { message: 'not that word' })
      },
    },
  ],
}
const system = createActorSystem()
const ref = system.spawn(pipeline, { id: 'pipeline', input })

// Back-pressure: the answer comes when there is room, so whoever waits for it is never far ahead.
for (const text of ['to be or', 'not to be', 'a bad word']) {
  const reply = await ref.ask<PipelineReply>({ type: 'push', item: text })
  assert.equal(reply.type, 'accepted')
}
// A producer that does not wait is told so.
const pushed = Array.from(
  { length: 8 },
  async (_, n) => await ref.ask<PipelineReply>({ type: 'push', item: `item ${n}` }),
)
const refused = (await Promise.all(pushed)).filter(({ type }) => type === 'failed')
assert.ok(refused.length > 0)
assert.ok(refused.every((reply) => reply.type === 'failed' && reply.error.code === 'ACTOR_MAILBOX_FULL'))

const drained = await ref.ask<PipelineDrained>({ type: 'close' }, { timeoutMs: 20_000 })
const words = results.flatMap((result) => (result.type === 'item-done' ? [result.value] : []))
const failures = results.filter(({ type }) => type === 'item-failed')
assert.equal(drained.delivered, words.length)
assert.deepEqual([drained.failed, failures.length], [1, 1])
assert.ok(['TO', 'BE', 'OR', 'NOT', 'A', 'WORD'].every((word) => words.includes(word)))
assert.equal(runningMax, 3)
// What will not pass is not tried again.
assert.equal(badCalls, 1)

// With the last stage shut every place before it fills up, and no more is taken in or begun.
let open = (): void => {}
const gate = new Promise<void>((resolve) => (open = resolve))
const begun: unknown[] = []
const shut: PipelineInput = {
  bufferMax: 2,
  stages: [
    { name: 'begin', workers: 2, run: (item) => Promise.resolve(begun.push(item)) },
    { name: 'wait', run: async (item) => (await gate, item) },
  ],
}
const shutRef = system.spawn(pipeline, { id: 'shut', input: shut })
let accepted = 0
const producers = Array.from({ length: 20 }, async (_, n) => {
  const { type } = await shutRef.ask<PipelineReply>({ type: 'push', item: n }, { timeoutMs: 20_000 })
  if (type === 'accepted') accepted += 1
})
await settle()
// One item in the shut stage and two before it; two whose workers keep them, and two before those.
assert.deepEqual([begun.length, accepted], [5, 7])
open()
await Promise.all(producers)
const all = await shutRef.ask<PipelineDrained>({ type: 'close' }, { timeoutMs: 20_000 })
assert.deepEqual([all.delivered, all.failed, accepted], [20, 0, 20])
await system.stop()

process.stdout.write(`${drained.delivered} words through 2 stages, at most ${runningMax} at once
${drained.failed} failed: ${JSON.stringify(failures[0])}
one was tried again and came through; the other was not, because it would not pass
7 of 20 items were taken in while the last stage was shut, the rest when it opened
${refused.length} of 8 pushes that did not wait were refused with ACTOR_MAILBOX_FULL
`)
