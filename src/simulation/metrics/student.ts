const PI = 3.141592653589793

/**
 * How much of Student's distribution with whole degrees of freedom lies at or below `t`, by the finite series of sines and cosines, of which only squares and square roots are
 * taken.
 *
 * @see Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4
 */
export function studentShare(t: number, degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1) throw new RangeError(`Degrees of freedom are 1 or more: ${degrees}`)
  const cosineSquare = degrees / (degrees + t * t)
  const sine = Math.abs(t) / Math.sqrt(degrees + t * t)
  const inside =
    degrees % 2 === 1 ? oddInside({ t, degrees, sine, cosineSquare }) : evenInside(degrees, { sine, cosineSquare })
  return t < 0 ? (1 - inside) / 2 : (1 + inside) / 2
}

/**
 * Below which `t` lies a share of the distribution, 0 to 1 without the ends; by halving, to the last bits.
 */
export function studentQuantile(share: number, degrees: number): number {
  if (!(share > 0 && share < 1)) throw new RangeError(`A share lies between 0 and 1: ${share}`)
  let high = 1
  while (studentShare(high, degrees) < Math.max(share, 1 - share)) high *= 2
  let low = 0
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2
    if (studentShare(middle, degrees) < Math.max(share, 1 - share)) low = middle
    else high = middle
  }
  return share < 0.5 ? -high : high
}

type Angle = { readonly sine: number; readonly cosineSquare: number }

function evenInside(degrees: number, { sine, cosineSquare }: Angle): number {
  let term = 1
  let sum = 1
  for (let even = 2; even <= degrees - 2; even += 2) {
    term *= ((even - 1) / even) * cosineSquare
    sum += term
  }
  return sine * sum
}

function oddInside({
  t,
  degrees,
  sine,
  cosineSquare,
}: Angle & { readonly t: number; readonly degrees: number }): number {
  const angle = arcTangent(Math.abs(t) / Math.sqrt(degrees))
  if (degrees === 1) return (2 / PI) * angle
  let term = Math.sqrt(cosineSquare)
  let sum = term
  for (let odd = 3; odd <= degrees - 2; odd += 2) {
    term *= ((odd - 1) / odd) * cosineSquare
    sum += term
  }
  return (2 / PI) * (angle + sine * sum)
}

/** Of 0 or more: the angle is halved until its series is quick. */
function arcTangent(x: number): number {
  let value = x
  let scale = 1
  while (value > 0.1) {
    value /= 1 + Math.sqrt(1 + value * value)
    scale *= 2
  }
  const square = value * value
  let sum = 0
  for (let odd = 19; odd >= 1; odd -= 2) sum = 1 / odd - square * sum
  return scale * value * sum
}
