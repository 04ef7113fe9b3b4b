import { createNode, DEFAULT_TENANT, loadConfig, type KernellNode } from 'kernell-os'
import { createActorSystem, defineAgent } from 'kernell-os/actors'
import { createGateway } from 'kernell-os/gateway'
import type { LanguageModel } from 'kernell-os/ports'
import { createOpenTelemetryTracer } from 'kernell-os/telemetry'
import { createTypeScriptKernel } from 'kernell-os/wasm'

export async function serve(): Promise<string> {
  const node: KernellNode = await createNode({ config: loadConfig(), environment: process.env })
  const gateway = createGateway({ node })
  const url = await gateway.listen({ port: 0 })
  const result = await node.router.route({
    caller: { tenant: DEFAULT_TENANT },
    target: { kind: 'auto' },
    request: { messages: [{ role: 'user', content: 'What is 17% of 2340?' }] },
    controls: {},
  })
  await gateway.close()
  await node.close()
  return `${url} ${result.answer.text}`
}

export const nameOf = (model: LanguageModel): string => `${model.provider}/${model.modelId}`
export const parts = { createActorSystem, defineAgent, createOpenTelemetryTracer, createTypeScriptKernel }
