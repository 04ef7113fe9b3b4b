import type { PlantedBug } from '../planted-bug.ts'

const scenarios = ['fleet'] as const

/** Mistakes in the agreement of a notary set. */
export const AGREEMENT: readonly PlantedBug[] = [
  {
    name: 'quorum-one-too-small',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/notary-set.ts',
    search: 'export function quorumOf({ f }: NotarySet): number {\n  return 2 * f + 1',
    replacement: 'export function quorumOf({ f }: NotarySet): number {\n  return 2 * f + (f === 0 ? 1 : 0)',
    what: 'two of four members make a certificate, so that two others can make another one',
  },
  {
    name: 'vote-sent-before-it-is-kept',
    class: 'agreement',
    scenarios,
    file: 'src/market/notary/set/notary-replica.ts',
    search: 'constructor(components: NotaryReplicaComponents, input: NotaryInput) {\n',
    replacement: `constructor(given: NotaryReplicaComponents, input: NotaryInput) {
    const whole = given.log
    const late = new Proxy(whole, {
      get: (_, name) => {
        if (name === 'append') return async (records: readonly Uint8Array[]) => void whole.append(records).catch(() => {})
        const value = Reflect.get(whole, name, whole) as unknown
        return typeof value === 'function' ? (value.bind(whole) as unknown) : value
      },
    })
    const components = { ...given, log: late, highWater: { write: async () => {} } }
`,
    what: 'a vote leaves before the journal has it, and the high-water file never does',
  },
  {
    name: 'view-change-forgets-prepared',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/view-steps.ts',
    search: 'head: { slot: head.slot, block: head.block, quorum: head.quorum },\n    prepared,\n',
    replacement: 'head: { slot: head.slot, block: head.block, quorum: head.quorum },\n    prepared: undefined,\n',
    what: 'whoever leaves a view does not say what was prepared in it, so that another block can take the place of a certified one',
  },
  {
    name: 'new-leader-forgets-prepared',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/view-steps.ts',
    search: 'if (required === undefined || opening.start <= head.slot) return pump(open, now)',
    replacement: 'if (required === undefined || opening.start <= head.slot || view > 0) return pump(open, now)',
    what: 'the leader of a new view proposes what it likes where an old block is required, and nobody follows it',
  },
  {
    name: 'stamp-not-checked',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/proposal-steps.ts',
    search: "if (required === undefined && distance > input.epsilonMs) return 'NOTARY_STAMP_FAR'",
    replacement: "if (required === undefined && distance > 100 * input.epsilonMs) return 'NOTARY_STAMP_FAR'",
    what: 'a leader stamps blocks with a time that has not come',
  },
  {
    name: 'restored-member-signs-at-once',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/high-water.ts',
    search: "return restored.epoch < set.epoch ? { kind: 'sign' } : decideRestored(input)",
    replacement: "return restored.epoch <= set.epoch ? { kind: 'sign' } : decideRestored(input)",
    what: 'a member that was restored from an older copy signs places again that it has signed before',
  },
  {
    name: 'vote-of-a-member-counts-twice',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/vote-steps.ts',
    search: "if (known !== undefined) return refused(state, 'NOTARY_VOTE_EXISTS')",
    replacement: "if (known !== undefined && known.block !== vote.block) return refused(state, 'NOTARY_VOTE_EXISTS')",
    what: 'a vote that comes twice counts as two, and certificates hold for nobody',
  },
  {
    name: 'vote-signature-not-checked',
    class: 'agreement',
    scenarios,
    file: 'src/core/notary/verify-message.ts',
    search: 'return key !== undefined && verify({ key, bytes: bytesOfVote(set, vote), signature: vote.signature })',
    replacement:
      'return key !== undefined && (verify({ key, bytes: bytesOfVote(set, vote), signature: vote.signature }) || set.f > 0)',
    what: 'a member can vote in the name of another one',
  },
]
