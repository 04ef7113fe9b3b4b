import { useEffect, useRef, useState } from 'preact/hooks'
import { type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { Explanation } from '../parts/explanation.tsx'
import { Empty, Facts, Loaded, PageHead, Panel } from '../parts/panel.tsx'
import { Tier } from '../parts/task-badges.tsx'
import { Name, Words } from '../parts/words.tsx'
import { visibleText } from '../state/visible-text.ts'
import { access, messageOf } from '../state/node-state.ts'
import { hrefOf } from '../state/route.ts'
import { shownMs, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { runTask, type TaskProgress, type TaskWish } from './run-task.ts'

const QUALITIES = [
  ['', 'as the operator says'],
  ['0.5', '50 %'],
  ['0.8', '80 %'],
  ['0.95', '95 %'],
] as const

const WISH: TaskWish = {
  prompt: '',
  model: 'kernell',
  maxCostUsd: '',
  quality: '',
  cache: 'default',
  isLocalOnly: false,
}

/** Sends a task as a client would, shows the answer as it comes, and why it went where it went. */
export function RunPage() {
  const [wish, setWish] = useState<TaskWish>(WISH)
  const [progress, setProgress] = useState<TaskProgress>()
  const running = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const isRunning = progress?.state === 'running'
  const submit = (event: Event): void => {
    event.preventDefault()
    const { value } = access
    if (value.kind !== 'in' || isRunning) return
    const controller = new AbortController()
    running.current = controller
    runTask({ client: value.client, wish, signal: controller.signal, onProgress: setProgress }).catch(
      (error: unknown) =>
        setProgress({ state: 'failed', text: '', failure: messageOf(error), summary: undefined, taskId: undefined }),
    )
  }
  return (
    <>
      <PageHead
        title="Run a task"
        lead="It goes the way of every task: cache, exact tools, the policy, models, checks. What it costs is paid."
      />
      <div class="run">
        <form class="panel" onSubmit={submit}>
          <label class="field">
            <span>Task</span>
            <textarea
              rows={6}
              required
              placeholder="What is 17 % of 2,340?"
              value={wish.prompt}
              onInput={(event) => setWish({ ...wish, prompt: event.currentTarget.value })}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
              }}
            />
          </label>
          <Wishes wish={wish} onWish={setWish} />
          <div class="acts">
            <button type="submit" class="primary" disabled={isRunning || wish.prompt.trim() === ''}>
              {isRunning ? 'Running …' : 'Run'}
            </button>
            {isRunning && (
              <button type="button" onClick={() => running.current?.abort()}>
                Stop
              </button>
            )}
            <span class="dim small">
              <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs it
            </span>
          </div>
        </form>
        <Panel title="Answer">
          {progress === undefined ? (
            <Empty title="Nothing was asked yet">The answer shows here as it comes.</Empty>
          ) : (
            <Answer progress={progress} />
          )}
        </Panel>
      </div>
      {progress?.taskId !== undefined && progress.state !== 'running' && <Why id={progress.taskId} />}
    </>
  )
}

function Wishes({ wish, onWish }: { readonly wish: TaskWish; readonly onWish: (wish: TaskWish) => void }) {
  const models = useView('/v1/models', ['configuration'])
  const names = rowsOf(objectOf(models.data)['data']).map((model) => textOf(model['id']))
  const all = names.includes('kernell') ? names : ['kernell', ...names]
  return (
    <div class="wishes">
      <label class="field">
        <span>Who answers</span>
        <select value={wish.model} onChange={(event) => onWish({ ...wish, model: event.currentTarget.value })}>
          {all.map((name) => (
            <option key={name} value={name}>
              {name === 'kernell' ? 'the policy decides' : visibleText(name.slice(0, 80))}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>At most, dollars</span>
        <input
          type="text"
          inputMode="decimal"
          pattern="\d{1,9}(\.\d{1,9})?"
          placeholder="the budgets decide"
          value={wish.maxCostUsd}
          onInput={(event) => onWish({ ...wish, maxCostUsd: event.currentTarget.value.trim() })}
        />
      </label>
      <label class="field">
        <span>Least chance of success</span>
        <select value={wish.quality} onChange={(event) => onWish({ ...wish, quality: event.currentTarget.value })}>
          {QUALITIES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Cache</span>
        <select value={wish.cache} onChange={(event) => onWish({ ...wish, cache: event.currentTarget.value })}>
          <option value="default">read and write</option>
          <option value="no-read">write</option>
          <option value="no-store">read</option>
          <option value="off">neither</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={wish.isLocalOnly}
          onChange={(event) => onWish({ ...wish, isLocalOnly: event.currentTarget.checked })}
        />
        <span>Nothing leaves this machine</span>
      </label>
    </div>
  )
}

const ANSWER_MAX = 200_000

function Answer({ progress: { state, text, failure, summary, taskId } }: { readonly progress: TaskProgress }) {
  return (
    <div aria-busy={state === 'running'}>
      <div class="answer" role="log" aria-live="polite" tabIndex={0} aria-label="Answer of the task">
        <bdi>{visibleText(text.slice(0, ANSWER_MAX))}</bdi>
        {text.length > ANSWER_MAX && <span class="cut">… ({text.length} characters)</span>}
        {state === 'running' && <span class="caret" aria-hidden="true" />}
      </div>
      {failure !== undefined && (
        <div class="notice bad" role="alert">
          <Words text={failure} most={800} />
        </div>
      )}
      {summary !== undefined && <Summary summary={summary} />}
      {taskId !== undefined && (
        <p class="dim small">
          <a href={hrefOf('decisions', taskId)}>
            Task <Name text={taskId} most={28} />
          </a>
        </p>
      )}
    </div>
  )
}

function Summary({ summary }: { readonly summary: JsonObject }) {
  return (
    <Facts
      rows={[
        ['answered by', <Tier key="tier" tier={textOf(summary['tier'])} />],
        ['model', <Words key="model" text={textOf(summary['model'])} most={80} />],
        ['cost', shownUsd(numberOf(summary['cost_usd']))],
        ['at premium', shownUsd(numberOf(summary['premium_cost_usd']))],
        ['time', shownMs(numberOf(summary['latency_ms']))],
      ]}
    />
  )
}

function Why({ id }: { readonly id: string }) {
  const view = useView(`/v1/node/decisions/${encodeURIComponent(id)}`, ['snapshot'])
  return (
    <Panel title="Why it went there" size="full">
      <Loaded view={view}>{(data) => <Explanation data={data} />}</Loaded>
    </Panel>
  )
}
