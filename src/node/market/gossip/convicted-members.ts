import { CodedError } from '../../../base/errors.ts'
import { type Did, parseDid } from '../../../core/evidence/names.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'
import { type Suspicion, SUSPICION_KEY } from '../../../market/gossip/suspicions.ts'
import type { HealthCheck } from '../../kernell-node.ts'

/** Part of the store in which the proofs are, each under `KIND/DID`. */
export const PROOFS_STORE = 'notary-proofs'

/** Without a member: more than `f` of a set, and the proof does not say who. */
export type ConvictedMember = { readonly member: Did | undefined; readonly kind: string }

/** Members of notary sets that are proven to have lied: what a running node, and one that is looked at, says of them. */
export class ConvictedMembers {
  private readonly onError: (error: unknown) => void
  private readonly known = new Map<string, ConvictedMember>()
  private suspicions: readonly Suspicion[] = []

  constructor(onError: (error: unknown) => void) {
    this.onError = onError
  }

  get list(): readonly ConvictedMember[] {
    return [...this.known.values()]
  }

  /** Those of whom a proof was kept. Rejects as the store does. */
  async load(store: KeyValueStore): Promise<void> {
    const suspicions: Suspicion[] = []
    for await (const { key, value } of store.iterate({}, { onDamaged: () => {} })) {
      if (key.startsWith(SUSPICION_KEY)) {
        // Written by this node.
        suspicions.push(JSON.parse(new TextDecoder().decode(value)) as Suspicion)
        continue
      }
      const at = key.indexOf('/')
      const [kind, member] = [key.slice(0, at), parseDid(key.slice(at + 1))]
      if (member !== undefined || kind === 'two-certificates') this.known.set(keyOf({ member, kind }), { member, kind })
    }
    this.suspicions = suspicions
  }

  /** All that is suspected now; nobody is convicted by it. */
  suspect(suspicions: readonly Suspicion[]): void {
    this.suspicions = suspicions
  }

  /** Says it in the log, once. */
  add({ member, kind }: ConvictedMember): void {
    const key = keyOf({ member, kind })
    if (this.known.has(key)) return
    this.known.set(key, { member, kind })
    this.onError(
      new CodedError('NOTARY_MEMBER_CONVICTED', {
        message: `${nameOf(member)} signed what cannot both be true (${kind})`,
        details: { member, kind },
      }),
    )
  }

  /** Nothing where nobody is convicted. */
  checks(): readonly HealthCheck[] {
    return [
      ...this.list.map(({ member, kind }): HealthCheck => ({
        name: 'notary set',
        state: 'failed',
        detail: `${nameOf(member)} signed what cannot both be true (${kind}); the proof is kept`,
        remedy: 'Ask the operators of the set to hand its log on without this member: `kernell notary-set advance`.',
      })),
      ...this.suspicions.map((suspicion): HealthCheck => ({
        name: 'notary set',
        state: 'warning',
        detail: `${describe(suspicion)}; this proves nothing`,
        remedy:
          'Ask its operator, and compare a copy of its books with that of another member: `kernell ledger verify --against`.',
      })),
    ]
  }
}

function keyOf({ member, kind }: ConvictedMember): string {
  return `${kind}/${member ?? ''}`
}

function nameOf(member: Did | undefined): string {
  return member === undefined ? 'More members than may lie have' : `The notary ${member} has`
}

function describe(suspicion: Suspicion): string {
  if (suspicion.kind === 'at-odds') {
    const { member, other, entries } = suspicion
    return `${member} and ${other} have signed different things about the first ${entries} entries of one journal`
  }
  const { member, from, to } = suspicion
  return `${member} has not shown that its journal of ${to} entries begins with the ${from} that it signed before`
}
