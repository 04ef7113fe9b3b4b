import { fixedKey, type FixedKey } from './fixed-keys.ts'
import {
  ALICE,
  BOB,
  CAROL,
  DAN,
  MALLORY,
  AT,
  SECOND,
  delegate,
  invoke,
  ofChain,
  revoke,
  three,
  vector,
  type UcanVector,
} from './ucan-builder.ts'

export function allowedVectors(): UcanVector[] {
  const chain = three()
  const powerline = [delegate(ALICE, BOB), delegate(BOB, CAROL, { sub: null, cmd: '/' })]
  const narrowed = [
    delegate(ALICE, BOB, { pol: [['<=', '.amount', 100]] }),
    delegate(BOB, CAROL, { cmd: '/task/run', pol: [['all', '.tags', ['like', '.', '*']]] }),
  ]
  const bounded = [delegate(ALICE, BOB, { nbf: SECOND, exp: SECOND })]
  return [
    vector('the subject itself', 'allowed', { invocations: [invoke(ALICE, [])] }),
    ofChain('three delegations', 'allowed', { chain, by: DAN }),
    ofChain('a powerline passes on a narrower command', 'allowed', { chain: powerline, by: CAROL }),
    ofChain('narrowed by command and policies', 'allowed', { chain: narrowed, by: CAROL }),
    ofChain('at nbf and at exp', 'allowed', { chain: bounded, by: BOB }),
    ofChain('no expiry of a delegation', 'allowed', { chain: [delegate(ALICE, BOB, { exp: null })], by: BOB }),
    vector('another executor that is named', 'allowed', {
      invocations: [invoke(ALICE, [], { aud: DAN.did })],
      executor: DAN,
    }),
  ]
}

/** Times, commands and policies of a chain. */
export function grantVectors(): UcanVector[] {
  const [first] = three()
  const widened = [delegate(ALICE, BOB, { cmd: '/task/run' }), delegate(BOB, CAROL, { cmd: '/task' })]
  const wider = [delegate(ALICE, BOB, { pol: [['<=', '.amount', 99]] }), delegate(BOB, CAROL, { pol: [] })]
  const raised = [
    delegate(ALICE, BOB, { pol: [['<=', '.amount', 99]] }),
    delegate(BOB, CAROL, { pol: [['<=', '.amount', 200]] }),
  ]
  const early = delegate(ALICE, BOB, { nbf: SECOND })
  const late = delegate(ALICE, BOB, { exp: SECOND })
  const inner = [delegate(ALICE, BOB), delegate(BOB, CAROL, { exp: SECOND - 1 })]
  const sibling = delegate(ALICE, BOB, { cmd: '/tas' })
  const power = [delegate(ALICE, BOB, { cmd: '/money' }), delegate(BOB, CAROL, { sub: null, cmd: '/task' })]
  const nested = ['all', '.tags', ['all', '.', ['==', '.', 1]]]
  const costly = delegate(ALICE, BOB, {
    pol: [['all', '.l', ['and', Array.from({ length: 120 }, () => ['>', '.', 0])]]],
  })
  return [
    ofChain('the root alone has expired by a millisecond', 'CAPABILITY_EXPIRED', {
      chain: [late],
      by: BOB,
      at: AT + 1,
    }),
    ofChain('a millisecond before nbf', 'CAPABILITY_NOT_YET_VALID', { chain: [early], by: BOB, at: AT - 1 }),
    ofChain('a middle one has expired', 'CAPABILITY_EXPIRED', { chain: inner, by: CAROL }),
    ofChain('the invocation has expired', 'CAPABILITY_EXPIRED', {
      chain: [first],
      by: BOB,
      changes: { exp: SECOND - 1 },
    }),
    ofChain('a child of another command', 'CAPABILITY_COMMAND_WIDENED', { chain: widened, by: CAROL }),
    ofChain('an order outside the command', 'CAPABILITY_COMMAND_WIDENED', {
      chain: [first],
      by: BOB,
      changes: { cmd: '/money/send' },
    }),
    ofChain('a command that only begins alike', 'CAPABILITY_COMMAND_WIDENED', { chain: [sibling], by: BOB }),
    ofChain('a powerline beside the command', 'CAPABILITY_COMMAND_WIDENED', { chain: power, by: CAROL }),
    ofChain('a child without the policy of its parent', 'CAPABILITY_POLICY_FAILED', { chain: wider, by: CAROL }),
    ofChain('a child with a higher limit', 'CAPABILITY_POLICY_FAILED', { chain: raised, by: CAROL }),
    ofChain('a policy about elements that are none', 'CAPABILITY_POLICY_FAILED', {
      chain: [delegate(ALICE, BOB, { pol: [nested] })],
      by: BOB,
    }),
    ofChain('a policy that costs too much', 'CAPABILITY_POLICY_COSTLY', {
      chain: [costly],
      by: BOB,
      changes: { args: { l: Array.from({ length: 400 }, () => 1) } },
    }),
  ]
}

/** Who issued what to whom about whom. */
export function alignmentVectors(): UcanVector[] {
  const [first, second, third] = three()
  const long = Array.from({ length: 17 }, (_, at) => delegate(fixedKey(at === 0 ? 1 : 20 + at), fixedKey(21 + at)))
  const foreign = delegate(BOB, CAROL)
  const other = [delegate(ALICE, BOB), delegate(BOB, CAROL, { sub: BOB.did })]
  return [
    ofChain('an order of somebody else', 'CAPABILITY_AUDIENCE_WRONG', { chain: [first, second], by: MALLORY }),
    ofChain('a link is left out', 'CAPABILITY_CHAIN_BROKEN', { chain: [first, third], by: DAN }),
    ofChain('leaf first', 'CAPABILITY_CHAIN_BROKEN', { chain: [second, first], by: BOB }),
    ofChain('a subject that changes', 'CAPABILITY_SUBJECT_WRONG', { chain: other, by: CAROL }),
    ofChain('an order about another subject', 'CAPABILITY_SUBJECT_WRONG', {
      chain: [first],
      by: BOB,
      changes: { sub: BOB.did, aud: ALICE.did },
    }),
    ofChain('a root of somebody else', 'CAPABILITY_ROOT_FOREIGN', { chain: [foreign], by: CAROL }),
    ofChain('a root without a subject', 'CAPABILITY_ROOT_POWERLINE', {
      chain: [delegate(ALICE, BOB, { sub: null })],
      by: BOB,
    }),
    ofChain('no proof', 'CAPABILITY_CHAIN_EMPTY', { chain: [], by: BOB }),
    vector('a proof is not sent', 'CAPABILITY_PROOF_MISSING', {
      chain: [first],
      invocations: [invoke(CAROL, [first, second])],
    }),
    ofChain('one delegation twice', 'CAPABILITY_CHAIN_CYCLIC', { chain: [first, second, first], by: BOB }),
    ofChain('seventeen delegations', 'CAPABILITY_CHAIN_TOO_LONG', { chain: long, by: fixedKey(37) }),
    vector('another executor', 'CAPABILITY_AUDIENCE_WRONG', {
      chain: [first],
      invocations: [invoke(BOB, [first])],
      executor: DAN,
    }),
  ]
}

export function revocationVectors(): UcanVector[] {
  const chain = three()
  const [first, second, third] = chain
  const texts = chain.map(({ text }) => text)
  const revoked = (
    name: string,
    [by, depth]: readonly [FixedKey, number],
    outcome = 'CAPABILITY_REVOKED',
  ): UcanVector => {
    const what = chain[depth - 1] ?? first
    const revocations = [{ token: revoke(by, what).text, chain: texts.slice(0, depth), at: AT }]
    return vector(name, outcome, { chain, invocations: [invoke(DAN, chain)], revocations })
  }
  const later = [{ token: revoke(ALICE, first).text, chain: [first.text], at: AT + 1 }]
  const unsaid = [{ token: revoke(ALICE, second).text, chain: [first.text], at: AT }]
  const forged = [{ token: revoke(MALLORY, first, { sub: ALICE.did }).text, chain: [first.text], at: AT }]
  return [
    revoked('the root is revoked', [ALICE, 1]),
    revoked('the middle is revoked by its issuer', [BOB, 2]),
    revoked('the middle is revoked from above', [ALICE, 2]),
    revoked('the leaf is revoked by its issuer', [CAROL, 3]),
    revoked('the leaf is revoked from the root', [ALICE, 3]),
    revoked('revoked from below', [DAN, 3], 'CAPABILITY_REVOKER_WRONG'),
    revoked('revoked by a stranger', [MALLORY, 2], 'CAPABILITY_REVOKER_WRONG'),
    vector('revoked after the stamp', 'allowed', { chain, invocations: [invoke(DAN, chain)], revocations: later }),
    vector('a revocation of another delegation', 'CAPABILITY_REVOCATION_MALFORMED', {
      chain,
      invocations: [invoke(DAN, chain)],
      revocations: unsaid,
    }),
    vector('a revocation about somebody else', 'CAPABILITY_REVOCATION_MALFORMED', {
      chain,
      invocations: [invoke(DAN, [first, second, third])],
      revocations: forged,
    }),
  ]
}

export function replayVectors(): UcanVector[] {
  const chain = [delegate(ALICE, BOB)]
  const order = invoke(BOB, chain)
  const fixed = Uint8Array.from({ length: 16 }, () => 7)
  const again = [invoke(BOB, chain, { nonce: fixed }), invoke(BOB, chain, { nonce: fixed, cmd: '/task/stop' })]
  return [
    vector('the same order twice', 'CAPABILITY_REPLAYED', { chain, invocations: [order, order] }),
    vector('another order with the nonce', 'CAPABILITY_REPLAYED', { chain, invocations: again }),
    ofChain('an order without expiry', 'CAPABILITY_EXPIRY_REQUIRED', { chain, by: BOB, changes: { exp: null } }),
    ofChain('an order for longer than a day', 'CAPABILITY_EXPIRY_REQUIRED', {
      chain,
      by: BOB,
      changes: { exp: SECOND + 86_401 },
    }),
  ]
}
