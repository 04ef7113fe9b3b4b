/** Summarises a text of several parts offline: `node agents/summarizer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { CodedError, DEFAULT_TENANT, formatAmount, type PlainError } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { createOfflineRouter, promptOf } from '../offline/offline-router.ts'
import { summarizer, type Summarized, type SummarizerInput } from './agent.ts'

const system = createActorSystem()
const model = createScriptedModel({
  modelId: 'small',
  replies: (request) => {
    const prompt = promptOf(request)
    if (prompt.includes('secret'))
      return { kind: 'throw', error: new CodedError('MODEL_REQUEST_REFUSED', { message: 'no' }) }
    if (prompt.includes('unsure')) return "I'm sorry, but I can't help with that."
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

const text = Array.from({ length: 6 }, (_, n) => `This is chapter ${n + 1}. ${'The water rose. '.repeat(30)}`).join(
  '\n\n',
)
const reply = await ref.ask<Summarized>({ type: 'summarize', text, words: 40, focus: 'the road' })

assert.equal(reply.type, 'summarized')
assert.equal(reply.parts, 6)
assert.match(reply.summary, /1931/)
assert.ok(reply.spentNanos > 0n)
assert.equal(reply.isAccepted, true)
assert.equal(model.calls.length, reply.calls)
// Every part is read with the reader's question in mind, and so is the whole.
assert.ok(model.calls.every((call) => promptOf(call).includes('The reader wants to know: the road')))

type Failed = { readonly type: string; readonly error?: PlainError }
const codeOf = ({ type, error }: Failed): unknown[] => [type, error?.code]
const partly = await ref.ask<Failed>({ type: 'summarize', text: text.replace('chapter 4', 'secret chapter 4') })
assert.deepEqual(codeOf(partly), ['failed', 'MODEL_REQUEST_REFUSED'])

const doubtful = await ref.ask<Summarized>({ type: 'summarize', text: text.replace('chapter 4', 'unsure chapter 4') })
assert.deepEqual([doubtful.type, doubtful.isAccepted], ['summarized', false])

const refused = await ref.ask<Failed>({ type: 'summarize', text: ' ' })
assert.deepEqual(codeOf(refused), ['failed', 'REQUEST_INVALID'])
await offline.stop()
await system.stop()

process.stdout.write(`${reply.parts} parts, ${reply.calls} calls, $${formatAmount(reply.spentNanos)}
${reply.summary}
a text of which one part cannot be read is not summarised without it
an answer on the way that did not pass the checks makes the summary one that is not accepted
an empty text is refused with REQUEST_INVALID
`)
