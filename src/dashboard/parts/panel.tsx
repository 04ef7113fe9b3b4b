import type { ComponentChildren } from 'preact'
import type { Json } from '../connection/json-value.ts'
import { isTrue, objectOf, textOf } from '../connection/json-value.ts'
import type { View } from '../state/use-view.ts'
import { Remark } from './words.tsx'

type PanelProps = {
  readonly title: string
  /** Beside the title: a switch, a figure. */
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
  /** How much of a row it takes. Default a third. */
  readonly size?: 'third' | 'half' | 'wide' | 'full'
}

export function Panel({ title, aside, children, size = 'third' }: PanelProps) {
  return (
    <section class={`panel ${size}`} aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** The head of a page; the heading is where focus goes when the page changes. */
export function PageHead({
  title,
  lead,
  children,
}: {
  readonly title: string
  readonly lead: ComponentChildren
  readonly children?: ComponentChildren
}) {
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1} id="page-title">
          {title}
        </h1>
        <p class="lead">{lead}</p>
      </div>
      {children !== undefined && <div class="page-tools">{children}</div>}
    </header>
  )
}

/** Nothing is there yet; what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  )
}

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent'

export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>
}

type StatProps = {
  readonly label: string
  readonly value: string
  readonly hint?: ComponentChildren
  readonly tone?: Tone
}

/** One figure. A list of them is a `dl`. */
export function Stat({ label, value, hint, tone = 'plain' }: StatProps) {
  return (
    <div class={`stat ${tone}`}>
      <dt>{label}</dt>
      <dd class="figure">{value}</dd>
      {hint !== undefined && <dd class="hint">{hint}</dd>}
    </div>
  )
}

export function Facts({ rows }: { readonly rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What a page shows while it knows nothing, and what it says when it could not ask. */
export function Loaded({
  view,
  children,
}: {
  readonly view: View
  readonly children: (data: Json) => ComponentChildren
}) {
  const { data, failure } = view
  if (data === undefined && failure === undefined) return <p class="loading">Asking the node …</p>
  return (
    <>
      {failure !== undefined && (
        <div class="notice bad" role="alert">
          <Remark text={failure.message} /> <code>{failure.code}</code>
        </div>
      )}
      {data !== undefined && children(data)}
    </>
  )
}

/** A part of a view that the node may not have: then what it lacks is said in its place. */
export function Part({
  part,
  children,
}: {
  readonly part: Json | undefined
  readonly children: (value: Json) => ComponentChildren
}) {
  const { is_there: isThere, value, message, remedy, code } = objectOf(part)
  if (isTrue(isThere)) return <>{children(value ?? null)}</>
  return (
    <div class="empty">
      <p class="empty-title">
        <Remark text={textOf(message, 'This node says nothing of it')} />
      </p>
      <p>
        <Remark text={textOf(remedy)} />
      </p>
      {textOf(code) !== '' && (
        <p>
          <code>{textOf(code)}</code>
        </p>
      )}
    </div>
  )
}
