import type { SandboxProgram } from '../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../src/testing/index.ts'

const script = (source: string): SandboxProgram => ({ kind: 'script', source })

/** The suite's behaviours as scripts. */
export const SCRIPT_PROGRAMS: SandboxSubject['programs'] = {
  greets: script('console.log("hello"); console.error("oops")'),
  exitsWithSeven: { cannot: 'a script has no exit status: it ends or throws' },
  fails: script('null.member'),
  echoesInput: script('kernell.stdout.write(kernell.stdin.bytes())'),
  readsFile: script('kernell.stdout.write(kernell.files.read("in/text"))'),
  writesFiles: script('kernell.files.write("out/made", "made\\n")'),
  listsDirectory: script('for (const name of kernell.files.list()) console.log(name)'),
  greetsThenWaits: { cannot: 'a script has nothing to wait for: no timer, no lock, nothing from outside' },
  computesForever: script('for (;;);'),
  takesMemory: script('const kept = []; for (;;) kept.push(new Uint8Array(1_000_000).fill(1))'),
  startsProcesses: { cannot: 'a script has neither processes nor threads' },
  floodsOutput: script('for (;;) console.log("y")'),
  fillsDirectory: script('for (let n = 0; ; n += 1) kernell.files.write(`fill${n}`, new Uint8Array(100_000))'),
  printsEnvironment: script(
    'for (const [name, value] of Object.entries(kernell.environment)) console.log(`${name}=${value}`)',
  ),
  triesNetwork: script(`
    const port = Number(kernell.stdin.text())
    const tries = [() => fetch('http://127.0.0.1:' + port), () => import('node:net').then((net) => net.connect(port))]
    let outcome = 'refused'
    for (const attempt of tries) try { await attempt(); outcome = 'connected' } catch {}
    console.log(outcome)`),
}
