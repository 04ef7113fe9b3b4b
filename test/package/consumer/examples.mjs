// The first example of the package, in a data directory of its own: an exact tool answers, so that no model is needed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, DEFAULT_TENANT, loadConfig } from 'kernell-os'
import { createGateway } from 'kernell-os/gateway'

const folder = await mkdtemp(join(tmpdir(), 'kernell-example-'))
const environment = { KERNELL_DATA_DIR: folder, KERNELL_DISCOVER: 'false' }
const node = await createNode({ config: loadConfig({ environment }), environment })
const gateway = createGateway({ node })
try {
  const result = await node.router.route({
    caller: { tenant: DEFAULT_TENANT },
    target: { kind: 'auto' },
    request: { messages: [{ role: 'user', content: 'What is 17% of 2340?' }] },
    controls: {},
  })
  if (!result.answer.text.includes('397.8')) throw new Error(`the answer was ${result.answer.text}`)
  const url = await gateway.listen({ port: 0 })
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: 'What is 3*3?' }] }),
  })
  const { choices } = await response.json()
  if (!choices[0].message.content.includes('9')) throw new Error(`over HTTP it was ${choices[0].message.content}`)
  console.log('a task by the library and one over HTTP')
} finally {
  await gateway.close()
  await node.close()
  await rm(folder, { recursive: true, force: true })
}
