/** The two builds of the kernels as one search: `kernell-os/wasm`, which is handed the bytes of core.wasm, and the component in one file. */

import { compileCore, createWasmKernel } from 'kernell-os/wasm'

export type Hit = { readonly id: number; readonly score: number }

/** Texts as vectors, and the nearest of them. Ids are places in the list that was given. */
export type QuestionSearch = { search(text: string, count: number): readonly Hit[] }

export type BuildName = 'core' | 'component'

/** Both builds are given the same, and so give the same bits. */
const DIMS = 256
const RECIPE = { seed: 0x6b65726e, charWeights: [0, 0, 0.6], wordWeights: [1, 0.2] } as const

/** Fetches and compiles what the build needs, the first time that it is chosen. */
export async function openSearch(build: BuildName, texts: readonly string[]): Promise<QuestionSearch> {
  return build === 'core' ? await openCoreSearch(texts) : await openComponentSearch(texts)
}

async function openCoreSearch(texts: readonly string[]): Promise<QuestionSearch> {
  const response = await fetch(new URL('core.wasm', document.baseURI))
  if (!response.ok) throw new Error(`core.wasm is not beside the page: ${response.status}`)
  const kernel = createWasmKernel(await compileCore(new Uint8Array(await response.arrayBuffer())))
  const hasher = kernel.createTextHasher({ dims: DIMS, recipe: RECIPE })
  const index = kernel.createVectorIndex({ dims: DIMS, capacityMax: texts.length })
  for (const [id, text] of texts.entries()) index.add(id, hasher.embed(text))
  return { search: (text, count) => (isEmpty(text) ? [] : index.search(hasher.embed(text), count)) }
}

async function openComponentSearch(texts: readonly string[]): Promise<QuestionSearch> {
  const component = await import('kernell-os/wasm/browser')
  await component.$init
  const { seed, charWeights, wordWeights } = RECIPE
  const [characters, words] = [Float64Array.from(charWeights), Float64Array.from(wordWeights)]
  const hasher = component.texts.Hasher.create(DIMS, seed, characters, words)
  const index = component.vectors.Index.create(DIMS, texts.length)
  for (const [id, text] of texts.entries()) index.add(id, hasher.embed(text))
  return { search: (text, count) => (isEmpty(text) ? [] : index.search(hasher.embed(text), count)) }
}

/** Without a letter or a digit a text has no vector of unit length to search with. */
function isEmpty(text: string): boolean {
  return !/[\p{L}\p{N}]/u.test(text)
}
