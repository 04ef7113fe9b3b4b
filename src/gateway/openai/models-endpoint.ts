import { CodedError } from '../../base/errors.ts'
import type { KernellNode, NodeModel } from '../../node/kernell-node.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { PUBLIC_MODELS, type PublicModel } from './public-models.ts'

/** `GET /v1/models`: the public names and every model that can be called now. */
export function listModels(exchange: Exchange, context: GatewayContext): void {
  const names = [...PUBLIC_MODELS].map(describePublicModel)
  const models = context.node.listModels().filter((model) => model.isAvailable)
  respondJson(exchange, JSON.stringify({ object: 'list', data: [...names, ...models.map(describeModel)] }))
}

/** `GET /v1/models/:id`, by any of a model's names; slashes in a name may stand as they are or escaped. */
export function showModel(exchange: Exchange, context: GatewayContext): void {
  const name = exchange.params.id ?? ''
  const known = PUBLIC_MODELS.get(name)
  if (known !== undefined) {
    respondJson(exchange, JSON.stringify(describePublicModel([name, known])))
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

function describePublicModel([id, { description }]: readonly [string, PublicModel]): Readonly<Record<string, unknown>> {
  return { id, object: 'model', created: 0, owned_by: 'kernell', description }
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
