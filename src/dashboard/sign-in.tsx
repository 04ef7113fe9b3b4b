import { useState } from 'preact/hooks'
import { access, enterWith } from './state/node-state.ts'
import { Words } from './parts/words.tsx'

/** Asks for what opens the node: the link of its terminal, or a key. */
export function SignIn() {
  const [secret, setSecret] = useState('')
  const [isAsking, setAsking] = useState(false)
  const { value } = access
  const why = value.kind === 'out' ? value.why : undefined
  const submit = (event: Event): void => {
    event.preventDefault()
    setAsking(true)
    const ask = async (): Promise<void> => {
      await enterWith(secret)
      setAsking(false)
      setSecret('')
    }
    ask().catch(() => setAsking(false))
  }
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <svg class="mark large" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M10 7v18M10 16h4l8-8M14 16l8 8" />
        </svg>
        <h1 tabIndex={-1} id="page-title">
          kernell
        </h1>
        <p class="lead">
          Run <code>kernell dashboard</code> on the machine of the node and open the link that it prints. It works once.
        </p>
        {why !== undefined && (
          <div class="notice bad" role="alert">
            <Words text={why} most={500} />
          </div>
        )}
        <label class="field">
          <span>Link, or an API key of an admin or operator</span>
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            value={secret}
            onInput={(event) => setSecret(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={isAsking}>
          {isAsking ? 'Asking …' : 'Open'}
        </button>
        <p class="dim small">It is kept in this tab alone, and sent to this node alone.</p>
      </form>
    </main>
  )
}
