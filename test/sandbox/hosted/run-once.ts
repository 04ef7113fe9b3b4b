/** Runs one script, prints the numbers of the hosts that wait for more, and closes nothing. */
import { createQuickjsSandbox } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { scriptRequest } from '../corpus-script/hosted-requests.ts'
import { childrenOf } from '../corpus-script/own-children.ts'

await createQuickjsSandbox({ warmMax: 2 }).run(scriptRequest('console.log(1)'))
process.stdout.write(JSON.stringify(childrenOf(process.pid)))
