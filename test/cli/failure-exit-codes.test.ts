import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/base/error-codes.ts'
import { CodedError, type ErrorCode } from '../../src/base/errors.ts'
import { exitCodeOf } from '../../src/cli/print-failure.ts'

/** Scripts branch on these: what is not listed exits 1. */
const EXPECTED: Readonly<Partial<Record<ErrorCode, number>>> = {
  COMMAND_INVALID: 2,
  CONFIG_INVALID: 2,
  REQUEST_INVALID: 2,
  ROUTER_MODEL_UNKNOWN: 2,
  BUDGET_EXCEEDED: 3,
  ROUTER_COST_CAP: 3,
  ROUTER_NOT_ALLOWED: 3,
  ROUTER_PRICE_UNKNOWN: 3,
  OUTBOUND_NOT_ALLOWED: 3,
  GATEWAY_KEYS_REQUIRED: 3,
  GATEWAY_CONTROL_REFUSED: 3,
  GATEWAY_ADMIN_REFUSED: 3,
  ACCESS_ENTRY_CONFIGURED: 3,
  ACCESS_ENTRY_IN_USE: 3,
  ACCESS_ENTRY_CHANGED: 3,
  ACCESS_KEY_REVOKED: 3,
  ACCESS_RATE_LIMITED: 3,
  POLICY_GATE_MISSING: 3,
  POLICY_TRAINED_ON_TEST: 3,
  POLICY_ROLLOUT_REFUSED: 3,
  POLICY_IN_USE: 3,
  MARKET_REFUSED: 3,
  MARKET_KEY_REUSED: 3,
  KEY_IN_CONTRACTS: 3,
  CAPABILITY_CHAIN_REFUSED: 3,
  KEY_IN_NOTARY_SET: 3,
  NOTARY_SET_OTHER: 3,
  NOTARY_EPOCH_SHARED: 3,
  NOTARY_ADDRESS_UNREACHABLE: 2,
  SIMULATION_SCENARIO_UNKNOWN: 2,
  SIMULATION_OPTIONS_INVALID: 2,
  SIMULATION_FAULT_UNKNOWN: 2,
  SIMULATION_SCENARIO_INVALID: 2,
  SIMULATION_RESUME_OTHER: 2,
  PEER_ID_INVALID: 2,
  PEER_IS_SELF: 3,
  PEER_BANS_FULL: 3,
  SANDBOX_UNAVAILABLE: 3,
  CAPABILITY_CALL_REFUSED: 3,
  NODE_STOPPED: 3,
  UNTRUSTED_TEXT_REFUSED: 3,
  FIREWALL_DATA_UNDECLARED: 3,
  FIREWALL_SOURCE_FORGED: 3,
  FIREWALL_SINK_UNDECLARED: 3,
  FIREWALL_NOT_CLEARED: 3,
  FIREWALL_EXFILTRATION: 3,
  FIREWALL_UNTRUSTED_EXECUTION: 3,
  APPROVAL_INVALID: 3,
  APPROVAL_EXPIRED: 3,
  APPROVAL_OTHER_PLAN: 3,
  APPROVAL_USED: 3,
  FIREWALL_PLAN_INVALID: 2,
  SANDBOX_POLICY_INVALID: 2,
  SANDBOX_PROGRAM_INVALID: 2,
}

describe('the exit code of a failure', () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s', (code) => {
    expect(exitCodeOf(new CodedError(code, { message: 'failed' }))).toBe(EXPECTED[code] ?? 1)
  })

  it('is 1 for what is no known failure', () => {
    expect(exitCodeOf(new Error('broken'))).toBe(1)
    expect(exitCodeOf('broken')).toBe(1)
  })
})
