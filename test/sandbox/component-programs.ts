import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import type { SandboxProgram } from '../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../src/testing/index.ts'
import { BUSY_COMPONENT } from './corpus-script/component-texts.ts'

/** The suite's behaviours as functions of one component. */
export async function componentPrograms(): Promise<SandboxSubject['programs']> {
  const bytes = await parse(BUSY_COMPONENT)
  const component = (call: string, ...args: readonly string[]): SandboxProgram => ({
    kind: 'component',
    bytes,
    call,
    args,
  })
  const noFiles = { cannot: 'a component has no files, and is refused with some' }
  return {
    greets: component('greet', 'hello\n', 'oops\n'),
    exitsWithSeven: { cannot: 'a component exits with one of two statuses: as it should, or not' },
    fails: component('trap'),
    echoesInput: component('copy'),
    readsFile: noFiles,
    writesFiles: noFiles,
    listsDirectory: noFiles,
    greetsThenWaits: component('say-and-sleep', 'ready\n', '1000000000000'),
    computesForever: component('spin'),
    takesMemory: component('take'),
    startsProcesses: { cannot: 'a component has neither processes nor threads' },
    floodsOutput: component('flood', 'y\n'),
    fillsDirectory: noFiles,
    printsEnvironment: component('list-environment'),
    triesNetwork: { cannot: 'a component that asks for sockets is refused before it runs' },
  }
}
