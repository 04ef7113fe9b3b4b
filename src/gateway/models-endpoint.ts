import { CodedError } from '../base/errors.ts'
import type { KernellNode, NodeModel } from '../node/kernell-node.ts'
import { type Exchange, type GatewayContext, respondJson } from './exchange.ts'

const PUBLIC_NAMES: Readonly<Record<string, string>> = {
  kernell: 'The policy decides for each request.',
  'kernell-local': 'A model of this machine.',
  'kernell-cheap': 'The cheap model.',
  'kernell-premium': 'The premium model.',
}

/** `GET /v1/models`: the public names and every model that can be called now. */
export function listModels(exchange: Exchange, context: GatewayContext): void {
  const names = Object.keys(PUBLIC_NAMES).map(describePublicName)
  const models = context.node.listModels().filter((model) => model.isAvailable)
  respondJson(exchange, JSON.stringify({ object: 'list', data: [...names, ...models.map(describeModel)] }))
}

/** `GET /v1/models/:id`, by any of a model's names; slashes in a name may stand as they are or escaped. */
export function showModel(exchange: Exchange, context: GatewayContext): void {
  const name = decodeName(exchange.path.slice('/v1/models/'.length))
  if (Object.hasOwn(PUBLIC_NAMES, name)) {
    respondJson(exchange, JSON.stringify(describePublicName(name)))
    return
  }
  const model = findModel(context.node, name)
  if (model?.isAvailable !== true) throw unknownModel(name, model)
  respondJson(exchange, JSON.stringify(describeModel(model)))
}

function findModel(node: KernellNode, name: string): NodeModel | undefined {
  const models = node.listModels()
  return (
    models.find(({ entry }) => entry.id === name) ??
    models.find(({ entry }) => entry.model === name || entry.aliases.includes(name))
  )
}

function unknownModel(name: string, model: NodeModel | undefined): CodedError {
  const because = model?.unavailableBecause ?? 'it is not in the registry'
  return new CodedError('ROUTER_MODEL_UNKNOWN', {
    message: `The model ${JSON.stringify(name.slice(0, 200))} cannot be called: ${because}`,
    details: { param: 'model' },
  })
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function describePublicName(id: string): Readonly<Record<string, unknown>> {
  return { id, object: 'model', created: 0, owned_by: 'kernell', description: PUBLIC_NAMES[id] }
}

/** `created` is 0: the registry does not know when a model was made. */
function describeModel({ entry }: NodeModel): Readonly<Record<string, unknown>> {
  return {
    id: entry.id,
    object: 'model',
    created: 0,
    owned_by: entry.provider,
    tier: entry.tier,
    ...(entry.contextTokens !== undefined && { context_length: entry.contextTokens }),
  }
}
