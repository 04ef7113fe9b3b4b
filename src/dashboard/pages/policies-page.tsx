import {
  isTrue,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  rowsOf,
  textOf,
} from '../connection/json-value.ts'
import type { Confirmation } from '../parts/confirm.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, Part } from '../parts/panel.tsx'
import { Meter } from '../parts/share-bar.tsx'
import { Name, Words } from '../parts/words.tsx'
import { access } from '../state/node-state.ts'
import { shownCount, shownInstant, shownMs, shownShare, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import type { PageProps } from './page-props.ts'
import { shownOf } from '../state/visible-text.ts'

/** Trained policies, what their gates said, and how far one is rolled out. */
export function PoliciesPage({ onConfirm }: PageProps) {
  const view = useView('/v1/node/policies', ['policies', 'tick'])
  return (
    <>
      <PageHead
        title="Policies"
        lead="Who decides: the policy that serves, the candidate that is tried, and what was found out about it."
      />
      <Loaded view={view}>
        {(data) => {
          const { status, registered } = objectOf(data)
          return (
            <div class="panels">
              <Panel title="Rollout" size="full">
                <Part part={status}>{(value) => <Rollout status={objectOf(value)} onConfirm={onConfirm} />}</Part>
              </Panel>
              <Panel title="Registered policies" size="full">
                <Part part={registered}>
                  {(value) => (
                    <Registered list={value} status={objectOf(objectOf(status)['value'])} onConfirm={onConfirm} />
                  )}
                </Part>
              </Panel>
              <Panel title="What happened" size="full">
                <Part part={status}>{(value) => <History status={objectOf(value)} />}</Part>
              </Panel>
            </div>
          )
        }}
      </Loaded>
    </>
  )
}

const STAGES = ['legacy_only', 'shadow', 'canary', 'full'] as const
const STAGE_WORDS: Readonly<Record<string, string>> = {
  legacy_only: 'serves alone',
  shadow: 'shadow',
  canary: 'canary',
  full: 'full',
}

type StatusProps = { readonly status: JsonObject; readonly onConfirm: (confirmation: Confirmation) => void }

function Rollout({ status, onConfirm }: StatusProps) {
  const stage = textOf(status['stage'])
  const candidate = textOf(status['candidate'])
  const percent = numberOf(status['percent']) ?? 0
  const isKnown = STAGES.some((known) => known === stage)
  return (
    <>
      <ol class="stepper" aria-label="Stages">
        {[...STAGES, ...(isKnown ? [] : [stage])].map((each) => (
          <li key={each} aria-current={each === stage ? 'step' : undefined}>
            <Words text={STAGE_WORDS[each] ?? each} most={30} />
          </li>
        ))}
      </ol>
      <p class="serving">
        <strong>
          <Words text={textOf(status['incumbent'], 'unknown')} most={80} />
        </strong>{' '}
        {candidate === '' ? 'answers everything.' : 'is what a rollback goes back to.'}
      </p>
      {candidate !== '' && (
        <p class="serving">
          <strong>
            <Words text={candidate} most={80} />
          </strong>{' '}
          {shareWords(stage, percent)}
        </p>
      )}
      {isTrue(status['is_suspended']) && (
        <div class="notice warn">
          The rollout is suspended: the configuration names another policy, and that one answers.
        </div>
      )}
      {isTrue(status['is_paused']) && (
        <div class="notice warn">
          The rollout is paused: it takes no step by itself. The candidate is watched all the same.
        </div>
      )}
      {isTrue(status['is_held_by_drift']) && (
        <div class="notice warn">Drift keeps it from going on by itself; a promotion does not wait.</div>
      )}
      <Progress status={status} />
      <Arms status={status} />
      <Evidence status={status} />
      <Acts status={status} onConfirm={onConfirm} />
    </>
  )
}

function shareWords(stage: string, percent: number): string {
  if (stage === 'shadow') return 'is tried in the shadow: it answers nobody.'
  return stage === 'full' ? 'answers everything.' : `answers ${percent} % of the conversations.`
}

function Progress({ status }: { readonly status: JsonObject }) {
  const [requests, needed] = [numberOf(status['requests']) ?? 0, numberOf(status['requests_needed'])]
  if (textOf(status['candidate']) === '') return null
  return (
    <div class="progress-line">
      {needed !== undefined && <Meter label="Requests of this step" part={requests} whole={needed} />}
      <p class="dim">
        {shownCount(requests)} requests since {shownInstant(numberOf(status['since']))}
        {needed === undefined
          ? '; it does not go on by itself'
          : `; it goes on by itself after ${shownCount(needed)} clean ones`}
      </p>
    </div>
  )
}

function Arms({ status }: { readonly status: JsonObject }) {
  const arms = (['canary', 'control'] as const).flatMap((name) => {
    const arm = status[name]
    return arm === null || arm === undefined
      ? []
      : [{ name: name === 'canary' ? 'candidate' : 'incumbent', figures: objectOf(arm) }]
  })
  if (arms.length === 0) return null
  return (
    <DataTable
      caption="Candidate and incumbent"
      rows={arms}
      columns={[
        { heading: 'arm', cell: ({ name }) => name },
        { heading: 'requests', isNumber: true, cell: ({ figures }) => shownCount(numberOf(figures['requests'])) },
        { heading: 'accepted', isNumber: true, cell: ({ figures }) => shownShare(numberOf(figures['accepted_share'])) },
        { heading: 'failed', isNumber: true, cell: ({ figures }) => shownShare(numberOf(figures['error_share'])) },
        { heading: 'mean cost', isNumber: true, cell: ({ figures }) => shownUsd(numberOf(figures['mean_cost_usd'])) },
        { heading: 'mean time', isNumber: true, cell: ({ figures }) => shownMs(numberOf(figures['mean_latency_ms'])) },
      ]}
    />
  )
}

function Evidence({ status }: { readonly status: JsonObject }) {
  const bets = rowsOf(status['evidence'])
  if (bets.length === 0) return null
  return (
    <DataTable
      caption="Evidence against the candidate"
      rows={bets}
      columns={[
        {
          heading: 'evidence against it',
          cell: (bet) => <Words text={`${textOf(bet['slo'])} against the ${textOf(bet['against'])}`} most={80} />,
        },
        {
          heading: 'of a rollback',
          cell: (bet) => {
            const [wealth, threshold] = [numberOf(bet['wealth']) ?? 0, numberOf(bet['threshold']) ?? 1]
            return (
              <span class="metered">
                <Meter
                  label="evidence"
                  part={wealth}
                  whole={threshold}
                  tone={wealth / threshold > 0.5 ? 'warn' : 'accent'}
                />
                {shownShare(wealth / threshold)}
              </span>
            )
          },
        },
      ]}
    />
  )
}

/** Does something about the rollout; throws what the node said. */
async function order(body: object): Promise<unknown> {
  const { value } = access
  return value.kind === 'in' ? await value.client.ask('/v1/node/rollout', { method: 'POST', body }) : undefined
}

function Acts({ status, onConfirm }: StatusProps) {
  const candidate = textOf(status['candidate'])
  const incumbent = shownOf(status['incumbent'])
  const isHeld = isTrue(status['is_paused'])
  if (candidate === '' && listOf(status['served']).length === 0) return null
  return (
    <div class="acts">
      {candidate !== '' && textOf(status['stage']) !== 'full' && (
        <>
          <button
            type="button"
            class="primary"
            onClick={() =>
              onConfirm({
                title: 'Take the candidate a step up?',
                text: `${shownOf(candidate)} goes on from ${shownOf(status['stage'])}, at once and without waiting for more requests.`,
                act: 'Promote',
                run: async (reason) => await order({ op: 'promote', version: candidate, reason }),
              })
            }
          >
            Promote
          </button>
          <button
            type="button"
            onClick={() =>
              onConfirm({
                title: isHeld ? 'Let the rollout go on by itself?' : 'Pause the rollout?',
                text: isHeld
                  ? 'It takes its next steps by itself again, once enough clean requests have come.'
                  : 'The candidate stays where it is, and answers what it answers now. It is still watched, and rolled back where it does badly.',
                act: isHeld ? 'Go on' : 'Pause',
                run: async (reason) => await order({ op: isHeld ? 'resume' : 'pause', reason }),
              })
            }
          >
            {isHeld ? 'Go on by itself' : 'Pause'}
          </button>
        </>
      )}
      <button
        type="button"
        class="danger"
        onClick={() =>
          onConfirm({
            title: 'Roll back?',
            text:
              candidate === ''
                ? `The policy before ${incumbent} answers everything again, at once.`
                : `${incumbent} answers everything again, at once.`,
            act: 'Roll back',
            isDangerous: true,
            run: async (reason) => await order({ op: 'rollback', reason }),
          })
        }
      >
        Roll back
      </button>
    </div>
  )
}

type RegisteredProps = StatusProps & { readonly list: Json }

function Registered({ list, status, onConfirm }: RegisteredProps) {
  const policies = rowsOf(objectOf(list)['policies'])
  const damaged = listOf(objectOf(list)['damaged'])
  return (
    <>
      {damaged.length > 0 && <div class="notice warn">{damaged.length} registered policies could not be read.</div>}
      {policies.length === 0 && (
        <Empty title="No policy was trained on your data">
          The documented priors decide. Train one with <code>kernell policy train</code>, or let the node learn with{' '}
          <code>policy.online</code>.
        </Empty>
      )}
      {policies.map((policy) => (
        <PolicyCard key={textOf(policy['version'])} policy={policy} status={status} onConfirm={onConfirm} />
      ))}
    </>
  )
}

function PolicyCard({ policy, status, onConfirm }: StatusProps & { readonly policy: JsonObject }) {
  const version = textOf(policy['version'])
  const place = textOf(policy['place'])
  const gates = rowsOf(policy['gates'])
  return (
    <details class="policy">
      <summary>
        <strong>
          <Words text={version} most={80} />
        </strong>
        {place !== '' && (
          <Badge tone="accent">
            <Words text={place} most={30} />
          </Badge>
        )}
        {gates.some((gate) => isTrue(gate['has_passed'])) && <Badge tone="good">gate passed</Badge>}
        <span class="dim">
          {shownCount(numberOf(policy['rows']))} rows, <Words text={textOf(policy['made_at']).slice(0, 16)} most={20} />
        </span>
      </summary>
      <Facts
        rows={[
          ['family', <Words key="family" text={textOf(policy['family'])} most={60} />],
          [
            'candidates',
            <Words key="candidates" text={listOf(policy['candidates']).map(shownOf).join(', ')} most={400} />,
          ],
          ['parent', <Words key="parent" text={textOf(policy['parent'], 'none')} most={80} />],
          ['metrics', <Words key="metrics" text={shownOf(policy['metrics'])} most={600} />],
          ['sha256', <Name key="hash" text={textOf(policy['sha256'])} most={24} />],
        ]}
      />
      <Gates gates={gates} />
      {place === '' && (
        <div class="acts">
          <button
            type="button"
            onClick={() =>
              onConfirm({
                title: 'Try this policy?',
                text: `${shownOf(version)} begins in the shadow beside ${shownOf(status['incumbent'])}: it answers nobody yet. It needs a gate report that it passed.`,
                act: 'Begin in the shadow',
                run: async (reason) => await order({ op: 'promote', version, reason }),
              })
            }
          >
            Promote
          </button>
        </div>
      )}
    </details>
  )
}

function Gates({ gates }: { readonly gates: readonly JsonObject[] }) {
  return (
    <DataTable
      caption="Gate reports"
      rows={gates}
      empty={
        <p class="none">
          No gate report: <code>kernell policy evaluate</code> makes one.
        </p>
      }
      columns={[
        {
          heading: 'gate',
          cell: (gate) =>
            isTrue(gate['has_passed']) ? <Badge tone="good">passed</Badge> : <Badge tone="bad">not passed</Badge>,
        },
        { heading: 'against', cell: (gate) => <Words text={textOf(gate['against'])} most={60} /> },
        { heading: 'at', cell: (gate) => <Words text={shownOf(gate['at']).slice(0, 16)} most={20} /> },
        { heading: 'why', cell: (gate) => <Words text={listOf(gate['reasons']).map(shownOf).join('; ')} most={600} /> },
        {
          heading: 'changed bounds',
          cell: (gate) => (
            <Words
              text={rowsOf(gate['changed_thresholds'])
                .map((bound) => `${textOf(bound['name'])} ${shownOf(bound['value'])}`)
                .join(', ')}
              most={300}
            />
          ),
        },
      ]}
    />
  )
}

function History({ status }: { readonly status: JsonObject }) {
  return (
    <DataTable
      caption="Transitions of the rollout"
      rows={rowsOf(status['transitions'])}
      empty={<Empty title="Nothing was promoted or rolled back yet" />}
      columns={[
        { heading: 'at', cell: (step) => shownInstant(numberOf(step['at'])) },
        {
          heading: 'what',
          cell: (step) => (
            <Words
              text={`${textOf(step['from'])} → ${textOf(step['to'])} ${shownOf(step['percent_after'])} %`}
              most={60}
            />
          ),
        },
        {
          heading: 'policy',
          cell: (step) => <Words text={textOf(step['candidate']) || textOf(step['incumbent'])} most={60} />,
        },
        { heading: 'by', cell: (step) => <Words text={textOf(step['by'])} most={60} /> },
        { heading: 'why', cell: (step) => <Words text={textOf(step['reason'])} most={200} /> },
      ]}
    />
  )
}
