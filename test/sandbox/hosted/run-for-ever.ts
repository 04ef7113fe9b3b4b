/** Runs a script and a component that never end, and prints the numbers of their hosts once both have said something. */
import { createComponentSandbox } from '../../../src/sandbox/component/create-component-sandbox.ts'
import { createQuickjsSandbox } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { componentPrograms } from '../component-programs.ts'
import { policyWith, scriptRequest } from '../corpus-script/hosted-requests.ts'
import { childrenOf } from '../corpus-script/own-children.ts'

const limits = { wallMs: 60_000, cpuMs: 60_000 }
const { greetsThenWaits: program } = await componentPrograms()
if ('cannot' in program) throw new Error(program.cannot)

let said = 0
const options = {
  onOutput: (): void => {
    said += 1
    if (said === 2) process.stdout.write(JSON.stringify(childrenOf(process.pid)))
  },
}
await Promise.all([
  createQuickjsSandbox().run(scriptRequest('console.log("on"); for (;;);', { limits }), options),
  createComponentSandbox().run({ program, policy: policyWith(limits) }, options),
])
