import type { RouteTarget } from '../../ports/router.ts'

export type PublicModel = { readonly target: RouteTarget; readonly description: string }

/** Model names that leave the choice, or part of it, to the node. Every other name is a model of the registry. */
export const PUBLIC_MODELS: ReadonlyMap<string, PublicModel> = new Map<string, PublicModel>([
  ['kernell', { target: { kind: 'auto' }, description: 'The policy decides for each request.' }],
  [
    'kernell-local',
    { target: { kind: 'route', route: 'local' }, description: 'Models of this machine, and nothing else.' },
  ],
  [
    'kernell-cheap',
    { target: { kind: 'route', route: 'cheap' }, description: 'The cheap model; a dearer one only when it fails.' },
  ],
  [
    'kernell-premium',
    { target: { kind: 'route', route: 'premium' }, description: 'The premium model, and nothing else.' },
  ],
])
