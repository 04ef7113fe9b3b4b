import { keyOf } from '../scripted-node.ts'
import { ENDLESS } from '../a2a/sample-skills.ts'
import { startRealGateway } from '../real-node.ts'

/** A gateway in a process of its own, to be killed: says its address, then serves until then. */
const [schema = '', port = '', pushHost = ''] = process.argv.slice(2)
const running = await startRealGateway(
  {
    keys: [keyOf('sk-acme', { id: 'a', tenant: 'acme', role: 'member' })],
    a2a: { skills: ['endless'], pushHosts: [pushHost] },
    storage: { kind: 'postgresql', urlEnv: 'FLEET_URL', schema, poolMax: 4, leaseMs: 1_000 },
  },
  {
    agentSkills: [ENDLESS],
    environment: { FLEET_URL: `postgresql://postgres@127.0.0.1:${port}/postgres` },
  },
)
process.stdout.write(`${running.url}\n`)
