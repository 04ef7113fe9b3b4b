// The samples of the documentation about pages, in a page that Vite bundles: kernels from the packed core.wasm, what a policy sees, and an actor.
import { createActor } from 'kernell-os/actors'
import { createPromptAssessor, priorSuccess } from 'kernell-os/core'
import { compileCore, createWasmKernel } from 'kernell-os/wasm'
import coreAddress from 'kernell-os/wasm/core.wasm?url'
import { createMachine } from 'xstate'

async function openSearch(bytes: Uint8Array, texts: readonly string[]): Promise<(text: string) => string | undefined> {
  const kernel = createWasmKernel(await compileCore(bytes))
  const hasher = kernel.createTextHasher({ dims: 256 })
  const index = kernel.createVectorIndex({ dims: 256, capacityMax: texts.length })
  for (const [id, text] of texts.entries()) index.add(id, hasher.embed(text))
  return (text) => texts[index.search(hasher.embed(text), 1)[0]?.id ?? -1]
}

async function run(): Promise<object> {
  const bytes = new Uint8Array(await (await fetch(String(coreAddress))).arrayBuffer())
  const search = await openSearch(bytes, ['How do I bake bread?', 'Where is the harbour?'])
  const { difficulty, domain } = createPromptAssessor().assess('Refund $250 and delete the account.')
  const toggle = createMachine({ initial: 'off', states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } } })
  const actor = createActor(toggle).start()
  actor.send({ type: 'flip' })
  return {
    nearest: search('how can I bake a bread'),
    chance: priorSuccess({ tier: 'cheap_api', difficultyMax: 5, specialties: [] }, { difficulty, domain }),
    state: actor.getSnapshot().value,
  }
}

const told = await run().catch((error: unknown) => ({ error: String(error) }))
const result = document.getElementById('result')
if (result !== null) result.textContent = JSON.stringify(told)
