import { CodedError, remedyOf, type ErrorCode } from '../base/errors.ts'
import { outgoingDocument, outgoingText } from '../node/outgoing-text.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** Refusals: nothing is broken, a rule or a limit says no. */
const REFUSALS: readonly ErrorCode[] = [
  'BUDGET_EXCEEDED',
  'ROUTER_COST_CAP',
  'ROUTER_NOT_ALLOWED',
  'ROUTER_PRICE_UNKNOWN',
  'OUTBOUND_NOT_ALLOWED',
  'GATEWAY_KEYS_REQUIRED',
  'GATEWAY_CONTROL_REFUSED',
  'GATEWAY_ADMIN_REFUSED',
  'ACCESS_ENTRY_CONFIGURED',
  'ACCESS_ENTRY_IN_USE',
  'ACCESS_ENTRY_CHANGED',
  'ACCESS_KEY_REVOKED',
  'ACCESS_RATE_LIMITED',
  'POLICY_GATE_MISSING',
  'POLICY_TRAINED_ON_TEST',
  'POLICY_ROLLOUT_REFUSED',
  'POLICY_IN_USE',
  'MARKET_REFUSED',
  'MARKET_KEY_REUSED',
  'KEY_IN_CONTRACTS',
  'NOTARY_SET_OTHER',
  'NOTARY_LEDGER_OTHER',
  'NOTARY_EPOCH_SHARED',
  'CAPABILITY_CHAIN_REFUSED',
  'KEY_IN_NOTARY_SET',
  'PEER_IS_SELF',
  'PEER_BANS_FULL',
  'SANDBOX_UNAVAILABLE',
  'CAPABILITY_CALL_REFUSED',
  'NODE_STOPPED',
  'UNTRUSTED_TEXT_REFUSED',
  'FIREWALL_DATA_UNDECLARED',
  'FIREWALL_SOURCE_FORGED',
  'FIREWALL_SINK_UNDECLARED',
  'FIREWALL_NOT_CLEARED',
  'FIREWALL_EXFILTRATION',
  'FIREWALL_UNTRUSTED_EXECUTION',
  'APPROVAL_INVALID',
  'APPROVAL_EXPIRED',
  'APPROVAL_OTHER_PLAN',
  'APPROVAL_USED',
  'A2A_CARD_UNTRUSTED',
  'A2A_SKILL_REFUSED',
  'A2A_PAYMENT_OTHER',
  'A2A_PAYMENT_USED',
  'A2A_PAYMENT_ENDED',
  'A2A_PAYMENT_UNHELD',
  'A2A_PAYMENT_REFUSED',
]
const WRONG_USAGE: readonly ErrorCode[] = [
  'COMMAND_INVALID',
  'CONFIG_INVALID',
  'REQUEST_INVALID',
  'ROUTER_MODEL_UNKNOWN',
  'NOTARY_ADDRESS_UNREACHABLE',
  'SIMULATION_SCENARIO_UNKNOWN',
  'SIMULATION_OPTIONS_INVALID',
  'SIMULATION_FAULT_UNKNOWN',
  'SIMULATION_SCENARIO_INVALID',
  'SIMULATION_RESUME_OTHER',
  'PEER_ID_INVALID',
  'SANDBOX_POLICY_INVALID',
  'SANDBOX_PROGRAM_INVALID',
  'FIREWALL_PLAN_INVALID',
  'A2A_PEER_UNKNOWN',
]

/** Tells what went wrong, in the form that was asked for, and what the shell should be told. */
export function printFailure(error: unknown, terminal: Terminal, isJson: boolean): ExitCode {
  if (isJson) terminal.printJson(outgoingDocument(failureDocument(error)))
  else terminal.note(outgoingText(failureText(error, terminal)))
  return exitCodeOf(error)
}

/** `{"error":{"code","message","details"}}`. */
export function failureDocument(error: unknown): {
  readonly error: { readonly code: string; readonly message: string; readonly details: object }
} {
  if (CodedError.is(error))
    return {
      error: {
        code: error.code,
        message: error.message,
        details: { ...error.details, remedy: remedyOfFailure(error) },
      },
    }
  return {
    error: { code: 'INTERNAL_ERROR', message: messageOf(error), details: { remedy: remedyOf('INTERNAL_ERROR') } },
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (!CodedError.is(error)) return EXIT_CODES.failed
  if (isInterrupt(error)) return EXIT_CODES.interrupted
  if (WRONG_USAGE.includes(error.code)) return EXIT_CODES.usage
  return REFUSALS.includes(error.code) ? EXIT_CODES.refused : EXIT_CODES.failed
}

/** The reason of a signal that the operator's Ctrl-C aborted. */
export function interruptReason(): CodedError {
  return new CodedError('REQUEST_ABORTED', {
    message: 'Stopped by the operator',
    details: { isInterrupt: true, remedy: 'Run the command again.' },
  })
}

/** The same with what this command says of being stopped. */
export function explainInterrupt(error: unknown, remedy: string | undefined): unknown {
  if (remedy === undefined || !CodedError.is(error) || !isInterrupt(error)) return error
  return new CodedError('REQUEST_ABORTED', { message: error.message, details: { ...error.details, remedy } })
}

function isInterrupt(error: CodedError): boolean {
  return error.code === 'REQUEST_ABORTED' && error.details.isInterrupt === true
}

/** What this very failure says about itself; else what the table says about its code. */
function remedyOfFailure(error: CodedError): string {
  const { remedy } = error.details
  return typeof remedy === 'string' ? remedy : remedyOf(error.code)
}

function failureText(error: unknown, terminal: Terminal): string {
  if (!CodedError.is(error)) {
    const stack = error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : ''
    return `kernell: ${messageOf(error)}${stack}`
  }
  const remedy = remedyOfFailure(error)
  // Some messages know a more precise remedy than the table and begin it the same way.
  const hint = error.message.includes(remedy.slice(0, 24)) ? '' : `${remedy} `
  return `kernell: ${error.message}\n${terminal.style('dim', `  ${hint}(${error.code})`)}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
