export const SOAK_PLANTS: Readonly<Record<string, string>> = {
  leak: 'each request leaves some memory behind; give it three minutes',
  'leaked-timers': 'each hundredth request leaves a timer behind',
  'leaked-connections': 'each hundredth request leaves a connection open',
  'lost-write': 'each tenth write of a kept response is acknowledged and never made',
  'cheap-settlement': 'a call is charged half of what it cost',
}
