/** Summarises a text of several parts offline: `node agents/summarizer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { DEFAULT_TENANT, formatAmount } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { createOfflineRouter, promptOf } from '../offline/offline-router.ts'
import { summarizer, type Summarized, type SummarizerInput } from './agent.ts'

const system = createActorSystem()
const model = createScriptedModel({
  modelId: 'small',
  replies: (request) => {
    const prompt = promptOf(request)
    if (prompt.includes('Write the summary.'))
      return 'The river rose in spring, the bridge held, and the road was rebuilt in 1931.'
    return `The essence of ${/chapter \d+/.exec(prompt)?.[0] ?? 'a part'}.`
  },
})
const offline = await createOfflineRouter({
  models: [{ model, tier: 'cheap_api', usdPerMillion: '0.50' }],
  actors: system,
})
const input: SummarizerInput = { router: offline.router, caller: { tenant: DEFAULT_TENANT }, partChars: 600 }
const ref = system.spawn(summarizer, { id: 'summarizer', input })

const steps: string[] = []
const text = Array.from({ length: 6 }, (_, n) => `This is chapter ${n + 1}. ${'The water rose. '.repeat(30)}`).join(
  '\n\n',
)
const reply = await ref.ask<Summarized>({ type: 'summarize', text, words: 40, focus: 'the road' })

assert.equal(reply.type, 'summarized')
assert.equal(reply.parts, 6)
assert.match(reply.summary, /1931/)
assert.ok(reply.spentNanos > 0n)
assert.equal(model.calls.length, reply.calls)

const refused = await ref.ask({ type: 'summarize', text: ' ' })
assert.deepEqual([refused.type, (refused as { error?: { code?: string } }).error?.code], ['failed', 'REQUEST_INVALID'])
await offline.stop()
await system.stop()

process.stdout.write(`${reply.parts} parts, ${reply.calls} calls, $${formatAmount(reply.spentNanos)}${steps.join('')}
${reply.summary}
an empty text is refused with REQUEST_INVALID
`)
