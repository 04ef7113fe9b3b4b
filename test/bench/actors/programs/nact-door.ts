import { createRequire } from 'node:module'

/** A reference of nact's; messages go there with `dispatch`. */
export type NactRef = { readonly path: unknown }

export type NactContext = { readonly self: NactRef }

export type Behaviour<State, Message> = (state: State, message: Message, context: NactContext) => State

type Properties<State> = {
  readonly initialState?: State
  readonly initialStateFunc?: (context: NactContext) => State
  readonly afterStop?: () => void
}

/** What the programs call of nact 7. */
type Nact = {
  start(): NactRef
  spawn<State, Message>(
    parent: NactRef,
    behaviour: Behaviour<State, Message>,
    ...rest: readonly [name: string, properties: Properties<State>]
  ): NactRef
  dispatch(target: NactRef, message: unknown): void
  stop(target: NactRef): void
}

// The package's own declarations are no module, and TypeScript refuses them.
export const nact: Nact = createRequire(import.meta.url)('nact') as Nact
