/** Three judges, one of them contrary: `node agents/verifier/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { CodedError, DEFAULT_TENANT } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { createOfflineRouter, promptOf } from '../offline/offline-router.ts'
import { verifier, type Verified, type VerifierInput } from './agent.ts'

const judge = (modelId: string, isContrary: boolean): ReturnType<typeof createScriptedModel> =>
  createScriptedModel({
    modelId,
    replies: (request) => {
      const isRight = promptOf(request).includes('Canberra') !== isContrary
      return JSON.stringify({ verdict: isRight ? 'accept' : 'reject', confidence: 0.9, reason: 'I looked it up' })
    },
  })
const broken = createScriptedModel({
  modelId: 'broken',
  replies: { kind: 'throw', error: new CodedError('MODEL_AUTH_FAILED', { message: 'the key is wrong' }) },
})

const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [judge('one', false), judge('two', true), judge('three', false), broken].map((model) => ({
    model,
    tier: 'cheap_api',
    usdPerMillion: '1',
  })),
  actors: system,
})
const base = { router: offline.router, caller: { tenant: DEFAULT_TENANT } }
const judges = ['two', 'one', 'three'].map((modelId) => ({ kind: 'model' as const, modelId }))
const input: VerifierInput = { ...base, judgeTargets: judges }
const ref = system.spawn(verifier, { id: 'verifier', input })
const task = 'What is the capital of Australia?'
const verify = async (answer: string): Promise<Verified> => await ref.ask({ type: 'verify', task, answer })

const right = await verify('The capital of Australia is Canberra.')
assert.deepEqual([right.verdict, right.votes.map(({ kind }) => kind)], ['accepted', ['reject', 'accept', 'accept']])
const wrong = await verify('The capital of Australia is Sydney.')
assert.equal(wrong.verdict, 'rejected')
const empty = await verify('')
assert.deepEqual([empty.verdict, empty.votes.length, empty.spentNanos], ['rejected', 0, 0n])

const alone = system.spawn(verifier, {
  id: 'alone',
  input: { ...base, judgeTargets: [{ kind: 'model', modelId: 'broken' }] },
})
const failed = await alone.ask<{ type: string; error: { code: string } }>({ type: 'verify', task, answer: 'Canberra' })
assert.deepEqual([failed.type, failed.error.code], ['failed', 'ROUTER_ALL_FAILED'])
await offline.stop()
await system.stop()

process.stdout
  .write(`a right answer: ${right.verdict} with confidence ${right.confidence}, although one judge voted against it
a wrong answer: ${wrong.verdict} by ${wrong.votes.filter(({ kind }) => kind === 'reject').length} votes
an empty answer: ${empty.verdict} without asking anybody
judges that cannot be asked are an error, not a verdict: ${failed.error.code}
`)
