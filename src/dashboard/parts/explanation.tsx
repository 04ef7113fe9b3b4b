import { isTrue, type Json, numberOf, objectOf, rowsOf, textOf, listOf } from '../connection/json-value.ts'
import { shownMs, shownShare, shownUsd, shownCount } from '../state/shown-numbers.ts'
import { DataTable } from './data-table.tsx'
import { Badge, Empty, Facts } from './panel.tsx'
import { Meter } from './share-bar.tsx'
import { Tier } from './task-badges.tsx'
import { Words } from './words.tsx'
import { shownOf } from '../state/visible-text.ts'

/** Why a task went where it went, and what was called: the document of one decision. */
export function Explanation({ data }: { readonly data: Json }) {
  const { decision, attempts } = objectOf(data)
  return (
    <div class="explanation">
      {decision === null || decision === undefined ? (
        <Empty title="Why is not known any more">
          The node explains its last 1,024 decisions. Tasks that a cache or an exact tool answered, or that failed
          before anything was decided, have no plan.
        </Empty>
      ) : (
        <Decision decision={decision} />
      )}
      <h3>Calls</h3>
      <DataTable
        caption="Calls of the task"
        rows={rowsOf(attempts)}
        empty={<p class="none">No model was called.</p>}
        columns={[
          { heading: 'model', cell: (row) => <Words text={textOf(row['model'])} most={60} /> },
          { heading: 'tier', cell: (row) => <Tier tier={textOf(row['tier'])} /> },
          { heading: 'outcome', cell: (row) => <AttemptOutcome word={textOf(row['outcome'])} /> },
          { heading: 'in', isNumber: true, cell: (row) => shownCount(numberOf(row['tokens_in'])) },
          { heading: 'out', isNumber: true, cell: (row) => shownCount(numberOf(row['tokens_out'])) },
          { heading: 'cost', isNumber: true, cell: (row) => shownUsd(numberOf(row['cost_usd'])) },
          { heading: 'time', isNumber: true, cell: (row) => shownMs(numberOf(row['latency_ms'])) },
        ]}
      />
    </div>
  )
}

const ATTEMPT_TONES = { accepted: 'good', rejected: 'warn', failed: 'bad', aborted: 'bad' } as const

function AttemptOutcome({ word }: { readonly word: string }) {
  const tone = Object.hasOwn(ATTEMPT_TONES, word) ? ATTEMPT_TONES[word as keyof typeof ATTEMPT_TONES] : 'plain'
  return (
    <Badge tone={tone}>
      <Words text={word} most={30} />
    </Badge>
  )
}

function Decision({ decision }: { readonly decision: Json }) {
  const record = objectOf(decision)
  const plan = rowsOf(record['plan'])
  const reasons = listOf(record['reasons']).map(shownOf)
  return (
    <>
      <h3>Why</h3>
      {reasons.length === 0 ? (
        <p class="none">Nothing had to be decided.</p>
      ) : (
        <ol class="reasons">
          {reasons.map((reason, index) => (
            <li key={index}>
              <Words text={reason} most={400} />
            </li>
          ))}
        </ol>
      )}
      {plan.length > 0 && (
        <>
          <h3>Plan</h3>
          <ol class="plan">
            {plan.map((step, index) => (
              <li key={index}>
                <Words text={textOf(step['model'])} most={60} />
                <Tier tier={textOf(step['tier'])} />
                <span class="dim">
                  <Words text={textOf(step['role'])} most={30} />
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
      <Candidates decision={decision} />
      <Facts rows={factsOf(decision)} />
    </>
  )
}

function Candidates({ decision }: { readonly decision: Json }) {
  const rows = rowsOf(objectOf(decision)['candidates'])
  if (rows.length === 0) return null
  return (
    <>
      <h3>Candidates</h3>
      <DataTable
        caption="Models that were considered"
        rows={rows}
        columns={[
          { heading: 'model', cell: (row) => <Words text={textOf(row['model'])} most={60} /> },
          { heading: 'tier', cell: (row) => <Tier tier={textOf(row['tier'])} /> },
          {
            heading: 'expected success',
            cell: (row) => (
              <span class="metered">
                <Meter label="expected success" part={numberOf(row['predicted_success']) ?? 0} whole={1} />
                {shownShare(numberOf(row['predicted_success']))}
              </span>
            ),
          },
          { heading: 'cost', isNumber: true, cell: (row) => shownUsd(numberOf(row['expected_cost_usd'])) },
          {
            heading: 'left out because',
            cell: (row) => <Words text={textOf(row['excluded_because'], '–')} most={200} />,
          },
        ]}
      />
    </>
  )
}

function factsOf(decision: Json): readonly (readonly [string, preact.ComponentChildren])[] {
  const record = objectOf(decision)
  const riskReasons = listOf(record['risk_reasons']).map(shownOf).join(', ')
  const texts = rowsOf(record['texts'])
  const noPeer = textOf(record['no_peer_because'])
  return [
    ['route', <Words key="route" text={textOf(record['route'])} most={40} />],
    ['confidence', shownShare(numberOf(record['confidence']))],
    ['risk', <Words key="risk" text={`${textOf(record['risk'])}${riskReasons === '' ? '' : `: ${riskReasons}`}`} />],
    ['difficulty', `${shownOf(record['difficulty'])} of 5`],
    ['domain', <Words key="domain" text={textOf(record['domain'])} most={40} />],
    ['expected cost', shownUsd(numberOf(record['expected_cost_usd']))],
    ['expected time', shownMs((numberOf(record['expected_latency_s']) ?? Number.NaN) * 1_000)],
    ['split into steps', isTrue(record['needs_decomposition']) ? 'wanted' : 'no'],
    ['policy', <Words key="policy" text={textOf(record['policy_version'])} most={80} />],
    ['scored by', <Words key="scorer" text={textOf(record['scorer'])} most={40} />],
    ['chance of this route', shownShare(numberOf(record['propensity']))],
    ...(noPeer === '' ? [] : [['no peer because', <Words key="peer" text={noPeer} />] as const]),
    ...texts.map(
      (text, index) =>
        [
          `text ${index + 1}`,
          <Words
            key={index}
            text={`${textOf(text['source'])}: ${textOf(text['action'])}, score ${shownOf(text['score'])}`}
          />,
        ] as const,
    ),
  ]
}
