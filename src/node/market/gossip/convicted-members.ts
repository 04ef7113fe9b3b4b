import { CodedError } from '../../../base/errors.ts'
import { type Did, parseDid } from '../../../core/evidence/names.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'
import type { HealthCheck } from '../../kernell-node.ts'

/** Part of the store in which the proofs are, each under `KIND/DID`. */
export const PROOFS_STORE = 'notary-proofs'

export type ConvictedMember = { readonly member: Did; readonly kind: string }

/** Members of notary sets that are proven to have lied: what a running node, and one that is looked at, says of them. */
export class ConvictedMembers {
  private readonly onError: (error: unknown) => void
  private readonly known = new Map<string, ConvictedMember>()

  constructor(onError: (error: unknown) => void) {
    this.onError = onError
  }

  get list(): readonly ConvictedMember[] {
    return [...this.known.values()]
  }

  /** Those of whom a proof was kept. Rejects as the store does. */
  async load(store: KeyValueStore): Promise<void> {
    for await (const { key } of store.iterate({}, { onDamaged: () => {} })) {
      const at = key.indexOf('/')
      const member = parseDid(key.slice(at + 1))
      if (member !== undefined) this.known.set(key, { member, kind: key.slice(0, at) })
    }
  }

  /** Says it in the log, once. */
  add({ member, kind }: ConvictedMember): void {
    const key = `${kind}/${member}`
    if (this.known.has(key)) return
    this.known.set(key, { member, kind })
    this.onError(
      new CodedError('NOTARY_MEMBER_CONVICTED', {
        message: `The notary ${member} has signed what cannot both be true (${kind})`,
        details: { member, kind },
      }),
    )
  }

  /** Nothing where nobody is convicted. */
  checks(): readonly HealthCheck[] {
    return this.list.map(({ member, kind }) => ({
      name: 'notary set',
      state: 'failed',
      detail: `${member} has signed what cannot both be true (${kind}); the proof is kept`,
      remedy: 'Ask the operators of the set to hand its log on without this member: `kernell notary-set advance`.',
    }))
  }
}
