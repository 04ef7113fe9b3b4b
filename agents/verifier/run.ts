/** Three judges, one of them contrary: `node agents/verifier/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { CodedError, DEFAULT_TENANT } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { createExactCache } from '../offline/exact-cache.ts'
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

const silent = createScriptedModel({ modelId: 'silent', replies: { kind: 'hang' } })
const panel = [judge('one', false), judge('two', true), judge('three', false)]
const callsOf = (): number => panel.reduce((sum, { calls }) => sum + calls.length, 0)

const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [...panel, broken, silent].map((model) => ({
    model,
    tier: 'cheap_api',
    usdPerMillion: '1',
  })),
  actors: system,
  cache: createExactCache(),
})
const base = { router: offline.router, caller: { tenant: DEFAULT_TENANT } }
const judges = ['two', 'one', 'three'].map((modelId) => ({ kind: 'model' as const, modelId }))
const input: VerifierInput = { ...base, judgeTargets: judges }
const ref = system.spawn(verifier, { id: 'verifier', input })
const task = 'What is the capital of Australia?'
const verify = async (answer: string): Promise<Verified> => await ref.ask({ type: 'verify', task, answer })

const right = await verify('The capital of Australia is Canberra.')
assert.deepEqual([right.verdict, right.votes.map(({ kind }) => kind)], ['accepted', ['reject', 'accept', 'accept']])
// The same answer again: judges give their votes anew, and not those that a cache has kept.
const calls = callsOf()
await verify('The capital of Australia is Canberra.')
assert.deepEqual([calls, callsOf()], [3, 6])
const wrong = await verify('The capital of Australia is Sydney.')
assert.equal(wrong.verdict, 'rejected')
const empty = await verify('')
assert.deepEqual([empty.verdict, empty.votes.length, empty.spentNanos], ['rejected', 0, 0n])

// One vote against is enough where all three must agree.
const strict = system.spawn(verifier, { id: 'strict', input: { ...input, quorum: 3 } })
const split = await strict.ask<Verified>({ type: 'verify', task, answer: 'It is Canberra.' })
assert.equal(split.verdict, 'undecided')

// Two votes decide, and the judge who says nothing is not waited for.
const early = system.spawn(verifier, {
  id: 'early',
  input: { ...base, judgeTargets: ['one', 'three', 'silent'].map((modelId) => ({ kind: 'model', modelId })) },
})
const quick = await early.ask<Verified>({ type: 'verify', task, answer: 'Canberra it is.' }, { timeoutMs: 10_000 })
assert.deepEqual([quick.verdict, quick.votes.length, silent.calls.length], ['accepted', 2, 1])

const alone = system.spawn(verifier, {
  id: 'alone',
  input: { ...base, judgeTargets: [{ kind: 'model', modelId: 'broken' }] },
})
const failed = await alone.ask<{ type: string; error: { code: string } }>({ type: 'verify', task, answer: 'Canberra' })
assert.deepEqual([failed.type, failed.error.code], ['failed', 'ROUTER_ALL_FAILED'])
await offline.stop()
await system.stop()
assert.equal(silent.abandonedCount, 1)

process.stdout
  .write(`a right answer: ${right.verdict} with confidence ${right.confidence}, although one judge voted against it
a wrong answer: ${wrong.verdict} by ${wrong.votes.filter(({ kind }) => kind === 'reject').length} votes
an empty answer: ${empty.verdict} without asking anybody
one vote against where three must agree: ${split.verdict}; two votes where two must: ${quick.verdict}, the third judge is not waited for
judges that cannot be asked are an error, not a verdict: ${failed.error.code}
`)
