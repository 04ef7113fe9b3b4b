import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../state/node-state.ts'
import { Dialog } from './confirm.tsx'
import { DialogActs } from './dialog-acts.tsx'

export type FormField = {
  readonly name: string
  readonly label: string
  /** Below the label: what may stand there. */
  readonly hint?: string
  /** What it begins with. */
  readonly value?: string
  readonly isRequired?: boolean
  /** One of these; absent: any text. */
  readonly choices?: readonly string[]
}

export type FormValues = Readonly<Record<string, string>>

export type Form = {
  readonly title: string
  readonly text?: ComponentChildren
  readonly fields: readonly FormField[]
  /** What the button says. */
  readonly act: string
  readonly isDangerous?: boolean
  /** Does it, with what was written, trimmed; what it throws is shown, and the window stays. */
  readonly run: (values: FormValues) => Promise<unknown>
}

const TEXT_MAX = 400

/** A window that asks for a few values, and does something with them. */
export function FormDialog({ form, onClose }: { readonly form: Form; readonly onClose: () => void }) {
  const { title, text, fields, act, isDangerous, run } = form
  const [values, setValues] = useState<FormValues>(
    Object.fromEntries(fields.map(({ name, value = '' }) => [name, value])),
  )
  const [failure, setFailure] = useState<string>()
  const [isRunning, setRunning] = useState(false)
  const submit = (event: Event): void => {
    event.preventDefault()
    setRunning(true)
    setFailure(undefined)
    const trimmed = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()]))
    run(trimmed).then(onClose, (error: unknown) => {
      setRunning(false)
      setFailure(messageOf(error))
    })
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {text !== undefined && <div class="dialog-text">{text}</div>}
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            onValue={(value) => setValues((known) => ({ ...known, [field.name]: value }))}
          />
        ))}
        <DialogActs act={act} isDangerous={isDangerous} isRunning={isRunning} failure={failure} onClose={onClose} />
      </form>
    </Dialog>
  )
}

type FieldProps = {
  readonly field: FormField
  readonly value: string
  readonly onValue: (value: string) => void
}

function Field({ field: { name, label, hint, isRequired = false, choices }, value, onValue }: FieldProps) {
  return (
    <label class="field">
      <span>
        {label}
        {hint !== undefined && <small> {hint}</small>}
      </span>
      {choices === undefined ? (
        <input
          type="text"
          name={name}
          autocomplete="off"
          spellcheck={false}
          maxLength={TEXT_MAX}
          required={isRequired}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      ) : (
        <select name={name} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      )}
    </label>
  )
}

/** A secret, this once: it is gone from the page with the window, which nothing but its button closes. */
export function SecretDialog({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  const [isCopied, setCopied] = useState(false)
  useEffect(() => field.current?.select(), [])
  const copy = (): void => {
    field.current?.select()
    navigator.clipboard.writeText(secret).then(
      () => setCopied(true),
      // It is selected, so that the keys of the system copy it.
      () => setCopied(false),
    )
  }
  return (
    <Dialog title="The new key" onClose={() => undefined}>
      <p class="dialog-text">
        It is shown this once; the node keeps its SHA-256 alone. Whoever has it may do what the key may.
      </p>
      <label class="field">
        <span>API key</span>
        <input ref={field} type="text" class="secret" readOnly value={secret} />
      </label>
      <div class="dialog-acts">
        <button type="button" onClick={copy}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" class="primary" onClick={onClose}>
          I have it
        </button>
      </div>
    </Dialog>
  )
}
