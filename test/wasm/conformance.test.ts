import { beforeAll, describe, test } from 'vitest'
import { loadWasmKernel } from '../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../src/wasm/typescript-kernel.ts'
import type { WasmKernel } from '../../src/wasm/wasm-kernel.ts'
import { POLICY_KERNEL_CASES, VECTOR_KERNEL_CASES } from '../../src/testing/conformance/kernel-cases.ts'
import { VECTOR_INDEX_CASES, VECTOR_INDEX_SUBJECT } from '../../src/testing/conformance/vector-index-cases.ts'

let wasm: WasmKernel
beforeAll(async () => {
  wasm = await loadWasmKernel()
})

describe.each([
  ['loadWasmKernel', () => wasm],
  ['createTypeScriptKernel', createTypeScriptKernel],
])('kernel by %s', (_, kernel) => {
  test.each(VECTOR_KERNEL_CASES)('$name', ({ run }) => run(kernel()))
  test.each(POLICY_KERNEL_CASES)('$name', ({ run }) => run(kernel()))
  test.each(VECTOR_INDEX_CASES)('$name', ({ run }) => run(kernel().createVectorIndex(VECTOR_INDEX_SUBJECT)))
})
