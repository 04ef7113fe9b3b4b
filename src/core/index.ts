/**
 * The values and pure functions that decide: money, errors, models and prices, exact tools, risk, policy decisions, verification, and the machines
 * of ledger, contracts, auctions, reputation and governance. Nothing here waits, reads a clock, draws a number or touches a machine, so everything runs in
 * a browser and gives the same answer twice.
 * It is not the router: that calls models, and lives behind `kernell-os/router`.
 *
 * ```ts
 * import { amountFromUsd, formatAmount } from 'kernell-os/core'
 *
 * const limit = amountFromUsd('0.10')
 * console.log(limit === undefined ? 'not an amount' : formatAmount(limit))
 * ```
 */
export { AssertionError, assert, assertNever } from '../base/assert.ts'
export type { Brand } from '../base/brands.ts'
export { canonicalJson, type JsonValue } from '../base/canonical-json.ts'
export { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from '../base/error-codes.ts'
export {
  CodedError,
  fromPlainError,
  httpStatusOf,
  remedyOf,
  toPlainError,
  type CodedErrorInit,
  type PlainError,
} from '../base/errors.ts'
export { formatBytes, formatDuration, formatPercent, formatUsd } from '../base/format.ts'
export {
  DEFAULT_TENANT,
  parseModelId,
  parseTaskId,
  parseTenantId,
  type ModelId,
  type TaskId,
  type TenantId,
} from '../base/identifiers.ts'
export {
  addAmounts,
  AMOUNT_MAX,
  amountFromNanos,
  amountFromUsd,
  amountToUsd,
  formatAmount,
  maxAmount,
  NANOS_PER_UNIT,
  parseAmount,
  subtractAmounts,
  ZERO_AMOUNT,
  type Amount,
} from '../base/money.ts'
export { createRandomStream, type RandomStream } from '../base/random-stream.ts'
export type { DurationMs, Timestamp } from '../base/time.ts'
export { sha256Hex } from '../base/sha256.ts'
export { similarQuestionRefusal, type SimilarQuestionRefusal } from './cache/similar-question-refusal.ts'
export { detectDrift, type DriftInit, type DriftReport } from './learning/drift/detect-drift.ts'
export type { GateDataCard, GateEvidence, GateInput } from './learning/gate/gate-evidence.ts'
export { readGateReport, type GateReading, type GateReportCheck } from './learning/gate/gate-report.ts'
export { GATE_DEFAULTS, type GateThresholds } from './learning/gate/gate-thresholds.ts'
export { judgeCandidate, type GateCheck, type GateDecision } from './learning/gate/judge-candidate.ts'
export type { LoggedCandidate, LoggedTask, ObservedOutcome, OutcomeSource } from './learning/logged-task.ts'
export {
  evaluateLog,
  type Compared,
  type LogEvaluation,
  type LogEvaluationInit,
} from './learning/off-policy/evaluate-log.ts'
export { meanInterval, type Estimate } from './learning/off-policy/mean-interval.ts'
export { replayPolicies, type Replay, type ReplayInit } from './learning/off-policy/replay.ts'
export { estimateSavings, type Savings, type SavingsInit } from './learning/savings/estimate-savings.ts'
export type { Machine, Step } from './machine.ts'
export { civilDateOfInstant, daysBetween, parseCivilDate, type CivilDate } from './models/civil-date.ts'
export {
  fitModels,
  POWER_LEVELS,
  type HardwareFit,
  type MachineHardware,
  type PowerLevel,
} from './models/hardware-fit.ts'
export { costOfUsage, priceOnDate } from './models/model-cost.ts'
export {
  MODEL_TIERS,
  type CandidateTier,
  type ContextTier,
  type ModelCapabilities,
  type ModelDifficulty,
  type ModelEntry,
  type ModelPrice,
  type ModelTier,
  type TokenPrices,
} from './models/model-entry.ts'
export { estimateTokens } from './models/estimate-tokens.ts'
export { createModelRegistry, type ModelRegistry } from './models/model-registry.ts'
export { mergePriceLists, type MergedPrices, type PriceConflict } from './models/price-lists/merge-price-lists.ts'
export { parsePriceList } from './models/price-lists/parse-price-list.ts'
export {
  PRICE_LIST_FORMATS,
  type ParsedPriceList,
  type PriceListFormat,
  type PriceListOrigin,
  type PriceRow,
} from './models/price-lists/price-row.ts'
export { findStalePrices, PRICE_AGE_DAYS_MAX, type StalePrice } from './models/price-staleness.ts'
export { composePlanOutput, type ComposedOutput, type UndoneStep } from './planning/compose-plan-output.ts'
export { buildDecomposerPrompt, type DecomposerPromptInit } from './planning/decomposer-prompt.ts'
export type { PlannedTask } from './planning/order-by-dependencies.ts'
export {
  parseSubTasks,
  type ParsedSubTasks,
  type ParseSubTasksInit,
  type PlanFault,
} from './planning/parse-sub-tasks.ts'
export type { DependencyOutput, PlanEffect, PlanEvent, PlanTimer } from './planning/plan-event.ts'
export type { PlanInput, StepPolicy } from './planning/plan-graph.ts'
export { planMachine } from './planning/plan-machine.ts'
export { isPlanFinished, statusOf, type PlanState, type SubTaskStatus } from './planning/plan-state.ts'
export { buildSubTaskPrompt, type SubTaskPromptInit } from './planning/sub-task-prompt.ts'
export { SUB_TASKS_MAX_DEFAULT, type SubTask } from './planning/sub-task.ts'
export {
  formatPolicyDecision,
  overrideUnsafe,
  parsePolicyDecision,
  type ParsedPolicyDecision,
  type PolicyDecision,
} from './policy/policy-decision.ts'
export {
  formatPolicyArtefact,
  parsePolicyArtefact,
  policyVersionOf,
  type PolicyArtefact,
} from './policy/policy-artefact.ts'
export { createPolicyScorer, type PolicyScorer, type PolicyScores } from './policy/policy-scorer.ts'
export { assessRisk, type RiskAssessment } from './policy/risk-detection.ts'
export { createPromptAssessor, type PromptAssessment, type PromptAssessor } from './policy/assess-prompt.ts'
export { priorSuccess } from './policy/success-priors.ts'
export { isInCanary, type CanaryKey } from './rollout/canary-assignment.ts'
export { ROLLOUT_MACHINE } from './rollout/rollout-machine.ts'
export { DEFAULT_ROLLOUT_RULES, type RolloutRules, type SloRules } from './rollout/rollout-rules.ts'
export type { RolloutEffect, RolloutEvent, RolloutState, RolloutTransition } from './rollout/rollout-state.ts'
export type { WatchedOutcome } from './rollout/watch/arm-totals.ts'
export type { DecisionCandidate, DecisionRecord, PlannedStep } from './routing/decision-record.ts'
export type {
  ExecutionTier,
  OverheadCall,
  TaskDomain,
  TaskOutcome,
  TaskRisk,
  TaskRoute,
} from './routing/task-outcome.ts'
export {
  DEFAULT_FIREWALL_POLICY,
  type FirewallPolicy,
  type SinkRule,
  type SourceRule,
} from './firewall/firewall-policy.ts'
export type { Declassification, FlowLabels } from './firewall/flow-labels.ts'
export type { IntentPlan, IntentStep, PlanSink, PlanSource } from './firewall/intent-plan.ts'
export type { FirewallRefusal, FirewallReview } from './firewall/review-plan.ts'
export type { TaintLabel } from './firewall/taint-label.ts'
export {
  createRulesScorer,
  type InjectionScore,
  type InjectionScorer,
  type TextSource,
} from './injection/score-text.ts'
export { DEFAULT_TEXT_RULES, type TextReport, type TextRules } from './injection/text-report.ts'
export { extractJson, type ExtractedJson } from './text/extract-json.ts'
export { fenceSections, type FencedSection, type FencedText, type PromptParts } from './text/fence-sections.ts'
export { answerDeterministically } from './tools/answer-deterministically.ts'
export type { DeterministicAnswer } from './tools/deterministic-answer.ts'
export {
  buildJudgePrompt,
  parseJudgeVerdict,
  type JudgePromptInit,
  type JudgeVerdict,
} from './verification/judge-prompt.ts'
export { isAccepted, type Verdict } from './verification/verdict.ts'
export { verifyAnswer, type VerificationInput } from './verification/verify-answer.ts'

// Money between machines that do not trust each other.
export {
  formatPredicate,
  parsePredicate,
  predicateHash,
  type AcceptancePredicate,
  type ParsedPredicate,
} from './acceptance/acceptance-predicate.ts'
export {
  evaluatePredicate,
  type AcceptanceFacts,
  type AcceptanceOutcome,
  type AcceptanceResult,
} from './acceptance/evaluate-predicate.ts'
export type { AuctionCall } from './auction/auction-call.ts'
export { AUCTION_MACHINE } from './auction/auction-machine.ts'
export type { AuctionTranscript } from './auction/auction-record.ts'
export type { AuctionOutcome } from './auction/determine-winner.ts'
export { verifyTranscript, type TranscriptEvidence, type TranscriptVerdict } from './auction/verify-transcript.ts'
export { BOOKS_MACHINE } from './books/books-machine.ts'
export { BOOKS_REFUSALS, type BooksRefusalCode } from './books/books-refusals.ts'
export type { BooksEffect, BooksEvent, BooksInput, BooksState } from './books/books-state.ts'
export {
  GOVERNED_BOOKS_MACHINE,
  type GovernedBooksEffect,
  type GovernedBooksEvent,
  type GovernedBooksState,
} from './books/governed-books.ts'
export { DISPUTE_MACHINE, type DisputeInput } from './disputes/dispute-machine.ts'
export type { DisputeEffect, DisputeEvent, DisputeState, DisputeTerms } from './disputes/dispute-state.ts'
export { dueActOf, type DueAct } from './escrow/due-act.ts'
export type { EscrowEffect, EscrowReceipt } from './escrow/escrow-effect.ts'
export type { EscrowEvent } from './escrow/escrow-event.ts'
export { ESCROW_MACHINE } from './escrow/escrow-machine.ts'
export { ESCROW_REFUSALS, type EscrowRefusalCode } from './escrow/escrow-refusals.ts'
export { DEFAULT_ESCROW_RULES, DEFAULT_TIMERS, type EscrowRules } from './escrow/escrow-rules.ts'
export type { EscrowFault, EscrowState, SettlementCause } from './escrow/escrow-state.ts'
export {
  custodyLabelOf,
  type CustodyLabel,
  type CustodyModel,
  type EscrowParty,
  type EscrowTerms,
} from './escrow/escrow-terms.ts'
export { refuseTerms, TERMS_REFUSALS, type TermsRefusalCode } from './escrow/validate-terms.ts'
export type { Evidence } from './evidence/evidence.ts'
export { parseContractId, parseDid, parseHash, type ContractId, type Did, type Hash } from './evidence/names.ts'
export { GOVERNANCE_MACHINE } from './governance/governance-machine.ts'
export type { GovernanceEffect, GovernanceEvent, GovernanceState } from './governance/governance-state.ts'
export { DEFAULT_PARAMETERS, hashOfParameters, type ParameterSet } from './governance/parameter-set.ts'
export type { LedgerEffect, LedgerEvent } from './ledger/ledger-event.ts'
export { LEDGER_MACHINE } from './ledger/ledger-machine.ts'
export {
  formatAccountId,
  parseAccountId,
  parseCurrency,
  parseTransferId,
  type AccountId,
  type AccountKind,
  type Currency,
  type TransferId,
} from './ledger/ledger-names.ts'
export { LEDGER_REFUSALS, type LedgerRefusalCode } from './ledger/ledger-refusals.ts'
export { balanceOf, type LedgerState } from './ledger/ledger-state.ts'
export type { TransferOrder } from './ledger/transfer-order.ts'
export { matchOffers, type OfferMatches, type OfferNeed } from './market/match-offers.ts'
export { createStatement, type Statement, type StatementInit, type StatementResult } from './metering/statement.ts'
export type { Certificate } from './notary/certificate.ts'
export { createNotarySet, type NotarySet, type NotarySetResult } from './notary/notary-set.ts'
export { exposureCapNanos, type ExposureInit } from './reputation/exposure-cap.ts'
export { REPUTATION_MACHINE, type ReputationEffect, type ReputationEvent } from './reputation/reputation-machine.ts'
export { REPUTATION_POLICY_DEFAULTS, type ReputationPolicy } from './reputation/reputation-policy.ts'
export type { ReputationReceipt, ReputationRole } from './reputation/reputation-receipt.ts'
export type { ReputationState } from './reputation/reputation-state.ts'
export {
  listReputation,
  showReputation,
  type ReputationDetail,
  type ReputationLine,
} from './reputation/reputation-view.ts'
export { verifyConsistency, verifyInclusion, type Consistency, type Inclusion } from './transparency/verify-merkle.ts'
