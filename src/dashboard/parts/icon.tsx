/** Drawn on a square of 24 with lines; decoration, named by the words beside it. */
const PATHS = {
  overview: 'M4 13h6V4H4zM14 9h6V4h-6zM14 20h6v-8h-6zM4 20h6v-4H4z',
  run: 'M7 5l12 7-12 7z',
  decisions: 'M6 4v6a4 4 0 0 0 4 4h8M14 10l4 4-4 4M6 14v6',
  costs: 'M4 20V4M4 20h16M8 16l4-5 3 3 5-7',
  cache: 'M4 7c0-4 16-4 16 0s-16 4-16 0zM4 7v10c0 4 16 4 16 0V7M4 12c0 4 16 4 16 0',
  policies: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5',
  agents: 'M12 4v5M12 9H6v5M12 9h6v5M12 9v5M4 14h4v5H4zM10 14h4v5h-4zM16 14h4v5h-4z',
  peers:
    'M6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM12 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 6h8M7 8l4 8M17 8l-4 8',
  market: 'M4 9l2-5h12l2 5M4 9v11h16V9M4 9h16M9 20v-6h6v6',
  escrows: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3M12 15v2',
  ledger: 'M5 4h14v16H5zM9 4v16M12 9h4M12 13h4',
  budgets: 'M4 7h16v12H4zM4 11h16M15 15h2M7 7l8-3 2 3',
  access: 'M14 10a4 4 0 1 0-4 4l1-1h2v-2h2v-2zM9 9h.01M10 14l-6 6M4 20v-3M7 17h2',
  simulations: 'M9 3h6M10 3v6l-5 9a2 2 0 0 0 2 3h10a2 2 0 0 0 2-3l-5-9V3M7.5 15h9',
  menu: 'M4 7h16M4 12h16M4 17h16',
  theme: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  keys: 'M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8',
  close: 'M6 6l12 12M18 6L6 18',
  stop: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM9 9l6 6M15 9l-6 6',
  out: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  back: 'M14 6l-6 6 6 6',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
